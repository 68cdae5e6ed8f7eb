#include "check/descriptors.hpp"

#include "check/children.hpp"
#include "check/memory_mode.hpp"
#include "check/timer_descriptors.hpp"
#include "check/world.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace twill::inline TWILL_ABI::check {
namespace {

// What one thread waits for; lies on its stack.
struct awaited {
    pollfd* all;
    std::size_t count;
    // When it began to wait:
    std::uint64_t timer_settings;
    std::uint64_t file;  // of a single one
};

const awaited& awaited_by(const thread& waiting) noexcept {
    return *reinterpret_cast<const awaited*>(waiting.next.argument);
}

long poll_for(pollfd* all, std::size_t count, std::uint64_t ns) noexcept {
    timespec time{static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
    return raw_syscall(SYS_ppoll, as_word(all), static_cast<long>(count), as_word(&time), 0, 0);
}

bool status_of(int descriptor, struct stat& into) noexcept {
    return raw_syscall(SYS_fstat, descriptor, as_word(&into)) == 0;
}

std::uint64_t file_of(int descriptor) noexcept {
    struct stat its{};
    return status_of(descriptor, its) ? its.st_ino : 0;
}

// Its number may belong to another one by now: one that is not open for this, or does not wait. The
// kernel then answers at once.
bool is_refused(const awaited& waits, action what) noexcept {
    if (waits.count != 1 || (what != action::read && what != action::write)) return false;
    const int descriptor = waits.all[0].fd;
    const long flags = raw_syscall(SYS_fcntl, descriptor, F_GETFL);
    return flags < 0 || (flags & O_ACCMODE) == (what == action::read ? O_WRONLY : O_RDONLY) ||
           ((flags & O_NONBLOCK) != 0 && file_of(descriptor) != waits.file);
}

bool are_ready(const thread& asking) noexcept {
    const awaited& what = awaited_by(asking);
    if (is_refused(what, asking.next.kind)) return true;
    // An error is told at once as well. A timer that was set meanwhile makes it look again.
    return poll_for(what.all, what.count, 0) != 0 || what.timer_settings != timer_settings();
}

// ---- Who can make a descriptor ready?

constexpr int most_descriptors = 1024;  // that are looked through

bool has_other_end(int descriptor, const struct stat& its) noexcept {
    const long mode = raw_syscall(SYS_fcntl, descriptor, F_GETFL) & O_ACCMODE;
    for (int each = 0; each != most_descriptors; ++each) {
        struct stat other{};
        if (each == descriptor || !status_of(each, other) || other.st_ino != its.st_ino ||
            other.st_dev != its.st_dev)
            continue;
        if ((raw_syscall(SYS_fcntl, each, F_GETFL) & O_ACCMODE) != mode) return true;
    }
    return false;
}

struct socket_name {
    sockaddr_storage bytes;
    socklen_t size;
};
bool name_of_socket(long which, int descriptor, socket_name& into) noexcept {
    into.size = sizeof into.bytes;
    return raw_syscall(which, descriptor, as_word(&into.bytes), as_word(&into.size)) == 0;
}

bool has_peer(int descriptor) noexcept {
    int listens = 0;
    socklen_t size = sizeof listens;
    raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_ACCEPTCONN, as_word(&listens),
                as_word(&size));
    socket_name peer{};
    if (listens != 0 || !name_of_socket(SYS_getpeername, descriptor, peer)) return false;
    // One of a pair has no name, and the other end was given to nobody.
    if (peer.bytes.ss_family == AF_UNIX && peer.size <= sizeof(sa_family_t)) return true;
    for (int each = 0; each != most_descriptors; ++each) {
        socket_name own{};
        if (each != descriptor && name_of_socket(SYS_getsockname, each, own) &&
            own.size == peer.size && std::memcmp(&own.bytes, &peer.bytes, own.size) == 0)
            return true;
    }
    return false;
}

// Reads a small file of /proc about a descriptor.
template <std::size_t Size>
std::string_view about(const char* folder, int descriptor, char (&into)[Size], bool link) noexcept {
    char path[64];
    char* end = path + std::string_view(folder).copy(path, 32);
    *std::to_chars(end, end + 16, descriptor).ptr = '\0';
    constexpr long here = -100;  // AT_FDCWD
    if (link) {
        const long got =
            raw_syscall(SYS_readlinkat, here, as_word(path), as_word(into), sizeof into);
        return {into, got < 0 ? 0 : static_cast<std::size_t>(got)};
    }
    const long file = raw_syscall(SYS_openat, here, as_word(path), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    const long got = raw_syscall(SYS_read, file, as_word(into), sizeof into);
    raw_syscall(SYS_close, file);
    return {into, got < 0 ? 0 : static_cast<std::size_t>(got)};
}

bool is_fed_here(int descriptor, unsigned depth) noexcept;

// Whether all members of a set of epoll's are.
bool members_are_fed_here(int set, unsigned depth) noexcept {
    char text[4096];
    std::string_view rest = about("/proc/self/fdinfo/", set, text, false);
    constexpr std::string_view mark = "tfd:";
    for (std::size_t at = rest.find(mark); at != rest.npos; at = rest.find(mark)) {
        rest.remove_prefix(at + mark.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        int member = -1;
        std::from_chars(rest.data(), rest.data() + rest.size(), member);
        if (!is_fed_here(member, depth + 1)) return false;
    }
    return true;
}

// Whether only this process can make it ready: then waiting for it is waiting for a thread.
bool is_fed_here(int descriptor, unsigned depth = 0) noexcept {
    if (descriptor < 0) return true;
    struct stat its{};
    if (depth > 4 || !status_of(descriptor, its)) return false;
    char text[64];
    const std::string_view name = about("/proc/self/fd/", descriptor, text, true);
    if (a_child_may_hold(name)) return false;
    if (S_ISFIFO(its.st_mode)) return has_other_end(descriptor, its);
    if (S_ISSOCK(its.st_mode)) return has_peer(descriptor);
    if (name == "anon_inode:[eventpoll]") return members_are_fed_here(descriptor, depth);
    return name == "anon_inode:[eventfd]" || name == "anon_inode:[timerfd]";
}

// A number that the two ends of a pipe have in common, and nobody else.
const void* pipe_of(int descriptor) noexcept {
    struct stat its{};
    if (!status_of(descriptor, its) || !S_ISFIFO(its.st_mode)) return nullptr;
    constexpr std::uint64_t apart = std::uint64_t{1} << 62U;
    return reinterpret_cast<const void*>(apart | (std::uint64_t{its.st_ino} << 4U));
}

// Stands for all that are not the ends of one pipe.
const char all_others = 0;

// What all threads wait for, and who of them must be helped from outside of the program, if any.
struct all_awaited {
    static constexpr std::size_t most = 256;
    pollfd all[most];
    std::size_t count = 0;
    const thread* for_outside = nullptr;

    all_awaited() noexcept {
        for (std::uint32_t i = 0; i != the.count; ++i) {
            const thread& each = the.threads[i];
            if (each.state == thread_state::blocked && each.next.ready == &are_ready) add(each);
        }
    }

private:
    void add(const thread& waiting) noexcept {
        const awaited& what = awaited_by(waiting);
        for (std::size_t i = 0; i != what.count && count != most; ++i) {
            all[count++] = what.all[i];
            if (for_outside == nullptr && !is_fed_here(what.all[i].fd)) for_outside = &waiting;
        }
    }
};

}  // namespace

descriptor_kind kind_of_descriptor(int descriptor) noexcept {
    struct stat its{};
    if (!status_of(descriptor, its)) return descriptor_kind::none;
    // Those without a file (event counters, timers, sets of descriptors) have no type at all.
    const bool waits =
        S_ISFIFO(its.st_mode) || S_ISSOCK(its.st_mode) || (its.st_mode & S_IFMT) == 0;
    return waits ? descriptor_kind::waits : descriptor_kind::file;
}

wait_end wait_for_descriptors(const step& next, pollfd* all, std::size_t count,
                              std::uint64_t deadline) noexcept {
    for (;;) {
        const awaited what{all, count, timer_settings(), count == 1 ? file_of(all[0].fd) : 0};
        const std::uint64_t timer = next_timer();
        const wait_end end = wait_until(next, &are_ready,
                                        {.argument = reinterpret_cast<std::uint64_t>(&what),
                                         .deadline = timer < deadline ? timer : deadline});
        fire_timers();
        if (poll_for(all, count, 0) != 0 || is_refused(what, next.kind)) return wait_end::ready;
        if (end == wait_end::timed_out &&
            (deadline <= now_ns() || was_cut_short() || was_interrupted()))
            return wait_end::timed_out;
    }
}

void descriptor_acquired(int descriptor) noexcept {
    if (!memory_mode()) return;
    const void* const pipe = pipe_of(descriptor);
    acquired(object_kind::descriptor, pipe != nullptr ? pipe : &all_others);
}

void descriptor_released(int descriptor) noexcept {
    if (!memory_mode()) return;
    if (const void* const pipe = pipe_of(descriptor)) released(object_kind::descriptor, pipe);
    // Also what is told by a pipe: a poll may learn of it.
    released(object_kind::descriptor, &all_others);
}

bool something_came_in() noexcept {
    constexpr std::uint64_t patience_here = 10'000'000, patience_outside = 1'000'000'000;
    // Here, too, the kernel may take a moment to pass on what was sent. A child may have ended
    // meanwhile.
    for (const std::uint64_t patience : {patience_here, patience_outside}) {
        all_awaited waits;
        if (waits.count == 0) return false;
        if (poll_for(waits.all, waits.count, patience) != 0) {
            changed();
            return true;
        }
        if (waits.for_outside == nullptr) return false;
    }
    const all_awaited waits;
    if (waits.for_outside == nullptr) return false;
    finding* const made = note(finding_kind::stuck, {},
                               "waits for what must come from outside of the program: a peer, a "
                               "child or a terminal");
    if (made == nullptr) leave(status_of_finding);
    made->thread = waits.for_outside->index;
    made->here.depth = 0;  // it is with the others
    fail_with(*made);
}

}  // namespace twill::inline TWILL_ABI::check
