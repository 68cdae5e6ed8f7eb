#include "thread_slice.hpp"

#include <twill/core/atomic.hpp>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr std::uint64_t shortest = 100'000;  // ns

// As the kernel lays it out; glibc has it since 2.41 only.
struct attributes {
    std::uint32_t size = sizeof(attributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  // of a thread of the usual class: its slice
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};
static_assert(sizeof(attributes) == 48);

bool look(attributes& into, pid_t thread = 0) noexcept {
    return ::syscall(SYS_sched_getattr, thread, &into, sizeof into, 0) == 0 &&
           (into.policy == SCHED_OTHER || into.policy == SCHED_BATCH) && into.runtime != 0;
}

// True: the kernel says that it did.
bool change_to(attributes from, std::uint64_t slice) noexcept {
    from.size = sizeof from;
    from.runtime = slice;
    attributes now;
    return ::syscall(SYS_sched_setattr, 0, &from, 0) == 0 && look(now) && now.runtime == slice;
}

// What a thread had that was given a short one; 0: none was yet. Relaxed: a number, and whoever
// inherits was started after it was stored.
constinit atomic<std::uint64_t> usual{0};

}  // namespace

short_slice::short_slice(bool wanted) noexcept {
    attributes now;
    if (!wanted || !look(now) || now.runtime <= shortest) return;
    usual.store(now.runtime, std::memory_order_relaxed);
    if (change_to(now, shortest)) before_ = now.runtime;
}

short_slice::~short_slice() {
    attributes now;
    // Not if somebody else has changed it meanwhile.
    if (before_ != 0 && look(now) && now.runtime == shortest)
        static_cast<void>(change_to(now, before_));
}

bool return_inherited_slice() noexcept {
    const std::uint64_t before = usual.load(std::memory_order_relaxed);
    attributes now;
    return before != 0 && look(now) && now.runtime == shortest && change_to(now, before);
}

inheritable_slice::inheritable_slice() noexcept : returned_(return_inherited_slice()) {}

inheritable_slice::~inheritable_slice() {
    attributes now;
    if (returned_ && look(now)) static_cast<void>(change_to(now, shortest));
}

duration slice_of(pid_t thread) noexcept {
    attributes now;
    return look(now, thread) ? duration(static_cast<std::int64_t>(now.runtime)) : duration::zero();
}

}  // namespace twill::inline TWILL_ABI::detail
