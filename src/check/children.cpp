#include "check/children.hpp"

#include "check/system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <charconv>
#include <cstdint>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

constexpr long here = -100;  // AT_FDCWD
constexpr unsigned most_generations = 8;

// "/proc/" and what follows, in pieces.
class path {
public:
    path() noexcept { *this << "/proc/"; }
    path& operator<<(std::string_view piece) noexcept {
        if (length_ + piece.size() < sizeof text_) length_ += piece.copy(text_ + length_, 32);
        text_[length_] = '\0';
        return *this;
    }
    path& operator<<(long number) noexcept {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
    }
    [[nodiscard]] long open(int flags) const noexcept {
        return raw_syscall(SYS_openat, here, as_word(text_), flags | O_RDONLY | O_CLOEXEC);
    }
    [[nodiscard]] std::string_view link(char* into, std::size_t size) const noexcept {
        const long got = raw_syscall(SYS_readlinkat, here, as_word(text_), as_word(into),
                                     static_cast<long>(size));
        return {into, got < 0 ? 0 : static_cast<std::size_t>(got)};
    }

private:
    char text_[160];
    std::size_t length_ = 0;
};

// Calls `visit` with each entry that is a number, until it gives true.
template <class Visit>
bool any_number_in(const path& folder, Visit visit) noexcept {
    const long opened = folder.open(O_DIRECTORY);
    if (opened < 0) return false;
    alignas(dirent64) char buffer[2048];
    bool found = false;
    for (;;) {
        const long got = raw_syscall(SYS_getdents64, opened, as_word(buffer), sizeof buffer);
        if (got <= 0) break;
        for (long at = 0; at < got && !found;) {
            auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
            const char* const end = entry->d_name + std::strlen(entry->d_name);
            long number = -1;
            if (std::from_chars(entry->d_name, end, number).ptr == end) found = visit(number);
            at += entry->d_reclen;
        }
        if (found) break;
    }
    raw_syscall(SYS_close, opened);
    return found;
}

bool is_alike(std::string_view one, std::string_view name) noexcept {
    constexpr std::string_view socket = "socket:";
    return name.starts_with(socket) ? one.starts_with(socket) : one == name;
}

bool holds(long process, std::string_view name) noexcept {
    return any_number_in(path() << process << "/fd", [&](long descriptor) {
        char link[64];
        return is_alike((path() << process << "/fd/" << descriptor).link(link, sizeof link), name);
    });
}

bool one_of(long process, std::string_view name, unsigned generation) noexcept;

// The children of one thread: as text, with a blank behind each.
bool one_of_thread(long process, long thread, std::string_view name, unsigned generation) noexcept {
    const long file = (path() << process << "/task/" << thread << "/children").open(0);
    if (file < 0) return false;
    char digits[20];
    std::size_t length = 0;
    char text[512];
    bool found = false;
    for (long got = 0;
         !found && (got = raw_syscall(SYS_read, file, as_word(text), sizeof text)) > 0;)
        for (long i = 0; i != got && !found; ++i) {
            if (text[i] != ' ') {
                if (length != sizeof digits) digits[length++] = text[i];
                continue;
            }
            long child = 0;
            std::from_chars(digits, digits + length, child);
            length = 0;
            found = holds(child, name) || one_of(child, name, generation + 1);
        }
    raw_syscall(SYS_close, file);
    return found;
}

bool one_of(long process, std::string_view name, unsigned generation) noexcept {
    if (generation == most_generations) return true;
    return any_number_in(path() << process << "/task", [&](long thread) {
        return one_of_thread(process, thread, name, generation);
    });
}

}  // namespace

bool a_child_may_hold(std::string_view name) noexcept {
    siginfo_t ignored{};
    if (raw_syscall(SYS_waitid, P_ALL, 0, as_word(&ignored), WEXITED | WNOHANG | WNOWAIT | __WALL,
                    0) != 0)
        return false;  // there are none
    const long own = raw_syscall(SYS_getpid);
    // Not all kernels list the children; then any of them may hold it.
    const long listed = (path() << own << "/task/" << own << "/children").open(0);
    if (listed < 0) return true;
    raw_syscall(SYS_close, listed);
    return one_of(own, name, 0);
}

}  // namespace twill::inline TWILL_ABI::check
