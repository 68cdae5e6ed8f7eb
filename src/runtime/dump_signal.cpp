#include "dump_signal.hpp"

#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Made once and never closed: a handler may still be about to write to it. Release and acquire: the
// descriptor is there for whoever sees its number.
constinit atomic<int> bell{-1};
static_assert(atomic<int>::is_always_lock_free);

void ring() noexcept {
    const std::uint64_t one = 1;
    // It fails only when it has been rung 2^64 times.
    static_cast<void>(!::write(bell.load(std::memory_order_acquire), &one, sizeof one));
}

void on_signal(int /*number*/) noexcept {
    const int before = errno;
    ring();
    errno = before;
}

}  // namespace

// The one thread, for all that want to be asked.
class signal_thread {
public:
    static signal_thread& only() {
        // Never destroyed: a runtime may live as long as the program.
        static auto* const thread = new signal_thread;
        return *thread;
    }

    void add(dump_signal& one) {
        std::lock_guard hold(all_);
        if (bell.load(std::memory_order_relaxed) < 0) {
            const int made = ::eventfd(0, EFD_CLOEXEC);
            if (made < 0) throw io_error("eventfd", "for a signal", errno);
            bell.store(made, std::memory_order_release);
        }
        members_.reserve(members_.size() + 1);
        const auto number = static_cast<std::size_t>(one.number_);
        const bool first = users_[number] == 0;
        if (first) catch_signal(one.number_);
        {
            // Before the thread begins: it ends when it is woken and there is none, and a signal
            // may come at once, or have come to the handler of one that is gone.
            std::lock_guard beside_the_thread(members_lock_);
            members_.push_back(&one);
        }
        try {
            if (members_.size() == 1) start();
        } catch (...) {
            members_.clear();
            if (first) ::sigaction(one.number_, &former_[number], nullptr);
            throw;
        }
        ++users_[number];
    }

    void remove(dump_signal& one) noexcept {
        std::lock_guard hold(all_);
        bool last = false;
        {
            std::lock_guard beside_the_thread(members_lock_);
            std::erase(members_, &one);
            last = members_.empty();
        }
        const auto number = static_cast<std::size_t>(one.number_);
        if (--users_[number] == 0) ::sigaction(one.number_, &former_[number], nullptr);
        if (!last) return;
        ring();
        thread_.join();
    }

private:
    void catch_signal(int number) {
        struct sigaction wanted{};
        wanted.sa_handler = &on_signal;
        wanted.sa_flags = SA_RESTART;
        sigfillset(&wanted.sa_mask);
        if (::sigaction(number, &wanted, &former_[static_cast<std::size_t>(number)]) != 0)
            throw usage_error("runtime_options.dump_signal is " + std::to_string(number) +
                              ", which cannot be caught: take SIGQUIT or SIGUSR1");
    }

    void start() {
        // The handler runs on the program's own threads, or here.
        thread_ = std::thread([this] {
            ::pthread_setname_np(::pthread_self(), "twill-signal");
            for (;;) {
                std::uint64_t times = 0;
                if (::read(bell.load(std::memory_order_acquire), &times, sizeof times) < 0) {
                    if (errno == EINTR) continue;
                    return;  // somebody closed it: it cannot be rung any more
                }
                std::lock_guard hold(members_lock_);
                if (members_.empty()) return;
                for (dump_signal* each : members_) each->ask_();
            }
        });
    }

    std::mutex all_;           // one at a time adds or removes
    std::mutex members_lock_;  // and the thread looks on
    std::vector<dump_signal*> members_;
    std::thread thread_;
    std::array<unsigned, NSIG> users_{};
    std::array<struct sigaction, NSIG> former_{};
};

dump_signal::dump_signal(int number, std::function<void()> ask)
    : number_(number), ask_(std::move(ask)) {
    if (number <= 0 || number >= NSIG)
        throw usage_error("runtime_options.dump_signal is " + std::to_string(number) +
                          ", which is no signal");
    signal_thread::only().add(*this);
}

dump_signal::~dump_signal() { signal_thread::only().remove(*this); }

}  // namespace twill::inline TWILL_ABI::detail
