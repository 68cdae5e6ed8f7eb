#include <twill/async/detail/call_watch.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <thread>

namespace {

using namespace std::chrono_literals;
using twill::detail::call_watch;

twill::duration cpu_time_of_this_thread() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void compute_for(twill::duration length) {
    const auto end = cpu_time_of_this_thread() + length;
    while (cpu_time_of_this_thread() < end) {
    }
}

TEST(call_watch, tells_time_on_a_cpu) {
    twill::call_sample did;
    {
        const call_watch watch(did);
        compute_for(5ms);
    }
    EXPECT_GE(did.run, 5ms);
    EXPECT_LE(did.run, 50ms) << "however long it took";
}

TEST(call_watch, tells_time_blocked) {
    twill::call_sample did;
    {
        const call_watch watch(did);
        std::thread([] { compute_for(20ms); }).join();
    }
    EXPECT_GE(did.blocked, 5ms);
    EXPECT_LE(did.run, 15ms);
}

}  // namespace
