#include "runtime/thread_slice.hpp"

#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <thread>

namespace {

using namespace std::chrono_literals;
using twill::task;
using twill::detail::return_inherited_slice;
using twill::detail::short_slice;

twill::duration slice_of_this_thread() { return twill::detail::slice_of(0); }

// By the kernel's own interface: that what is tested here fails must not look as if the kernel had
// no slices. A thread of its own is tried on.
bool kernel_has_slices() {
    struct {
        std::uint32_t size = 48;
        std::uint32_t policy = 0;
        std::uint64_t flags = 0;
        std::int32_t nice = 0;
        std::uint32_t priority = 0;
        std::uint64_t runtime = 0;
        std::uint64_t deadline = 0;
        std::uint64_t period = 0;
    } its;
    bool has = false;
    std::thread([&] {
        constexpr std::uint64_t wanted = 1'000'000;
        its.runtime = wanted;
        has = ::syscall(SYS_sched_setattr, 0, &its, 0) == 0 &&
              ::syscall(SYS_sched_getattr, 0, &its, sizeof its, 0) == 0 && its.runtime == wanted;
    }).join();
    return has;
}

#define SKIP_WITHOUT_SLICES() \
    if (!kernel_has_slices()) GTEST_SKIP() << "this kernel has no slices of a thread's own"

TEST(ThreadSlice, IsShortForAWhile) {
    SKIP_WITHOUT_SLICES();
    const auto usual = slice_of_this_thread();
    EXPECT_GT(usual, 100us);
    {
        const short_slice soon;
        EXPECT_EQ(slice_of_this_thread(), 100us);
        const short_slice again;
        EXPECT_FALSE(again.held()) << "there is nothing to change";
    }
    EXPECT_EQ(slice_of_this_thread(), usual);
}

TEST(ThreadSlice, IsInheritedAndReturned) {
    SKIP_WITHOUT_SLICES();
    const auto usual = slice_of_this_thread();
    const short_slice soon;
    std::thread([usual] {
        EXPECT_EQ(slice_of_this_thread(), 100us);
        return_inherited_slice();
        EXPECT_EQ(slice_of_this_thread(), usual);
    }).join();
    EXPECT_EQ(slice_of_this_thread(), 100us) << "its own is no matter of the other's";
}

TEST(ThreadSlice, IsShortOnTheEventThreadOnly) {
    SKIP_WITHOUT_SLICES();
    const auto usual = slice_of_this_thread();
    twill::run({.compute_threads = 2}, [usual]() -> task<> {
        EXPECT_EQ(slice_of_this_thread(), 100us);
        EXPECT_EQ(co_await twill::compute([] { return slice_of_this_thread(); }), usual);
        EXPECT_EQ(co_await twill::blocking([] { return slice_of_this_thread(); }), usual);
    });
    EXPECT_EQ(slice_of_this_thread(), usual);
}

TEST(ThreadSlice, StaysAsItIsWithoutLanes) {
    const auto usual = slice_of_this_thread();
    twill::run({.lanes = twill::lanes::none}, [usual]() -> task<> {
        EXPECT_EQ(slice_of_this_thread(), usual);
        co_return;
    });
}

}  // namespace
