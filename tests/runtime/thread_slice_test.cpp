#include "runtime/thread_slice.hpp"

#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace {

using namespace std::chrono_literals;
using twill::task;
using twill::detail::return_inherited_slice;
using twill::detail::short_slice;

twill::duration slice_of_this_thread() { return twill::detail::slice_of(0); }
bool kernel_has_slices() { return short_slice().held(); }

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
