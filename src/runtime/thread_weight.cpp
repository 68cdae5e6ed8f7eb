#include "thread_weight.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace twill::inline TWILL_ABI::detail {
namespace {

// A small file of a thread, in place.
class thread_file {
public:
    thread_file(pid_t thread, std::string_view name) noexcept {
        std::array<char, 64> path{"/proc/self/task/"};
        char* end = path.data() + std::strlen(path.data());
        end = std::to_chars(end, path.data() + path.size(), thread).ptr;
        *end++ = '/';
        name.copy(end, name.size());
        const int fd = ::open(path.data(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) return;
        const ssize_t got = ::read(fd, text_.data(), text_.size());
        ::close(fd);
        if (got > 0) length_ = static_cast<std::size_t>(got);
    }
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), length_}; }

private:
    std::array<char, 512> text_;
    std::size_t length_ = 0;
};

class kernel_watch final : public thread_watch {
public:
    duration ran(const thread_id& who) noexcept override {
        timespec t{};
        if (::clock_gettime(who.clock, &t) != 0) return {};
        return std::chrono::seconds(t.tv_sec) + duration(t.tv_nsec);
    }
    // "schedstat": ns on a CPU, ns in a run queue, how often on a CPU.
    duration waited(const thread_id& who) noexcept override {
        const thread_file file(who.number, "schedstat");
        const std::string_view text = file.text();
        const std::size_t blank = std::min(text.find(' '), text.size());
        std::int64_t ns = 0;
        const char* const end = text.data() + text.size();
        std::from_chars(std::min(text.data() + blank + 1, end), end, ns);
        return duration(ns);
    }
    // "stat": the state comes after the name, which is in brackets and may have some itself.
    bool ready(const thread_id& who) noexcept override {
        const thread_file file(who.number, "stat");
        const std::string_view text = file.text();
        const std::size_t name_end = text.rfind(") ");
        return name_end != std::string_view::npos && text.substr(name_end + 2).starts_with('R');
    }
};

}  // namespace

thread_watch& thread_watch::kernel() noexcept {
    static constinit kernel_watch one;
    return one;
}

thread_id this_thread_id() noexcept {
    thread_id self{::gettid(), CLOCK_THREAD_CPUTIME_ID};
    ::pthread_getcpuclockid(::pthread_self(), &self.clock);
    return self;
}

bool lower_weight_of_this_thread(lanes how) noexcept {
    if (how.nice_level() == 0) {
        const sched_param none{};
        return ::sched_setscheduler(0, SCHED_IDLE, &none) == 0;
    }
    // On Linux these two are about a thread.
    const auto self = static_cast<id_t>(::gettid());
    errno = 0;
    const int now = ::getpriority(PRIO_PROCESS, self);
    if (errno != 0) return false;
    return ::setpriority(PRIO_PROCESS, self, std::max(now, how.nice_level())) == 0;
}

}  // namespace twill::inline TWILL_ABI::detail
