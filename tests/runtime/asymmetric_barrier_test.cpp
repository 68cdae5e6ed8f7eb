#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include <gtest/gtest.h>

#include <barrier>
#include <cstdint>
#include <thread>

using twill::atomic;
using twill::detail::asymmetric_barrier;

namespace {

// The store-buffer litmus test: how often neither side saw the other's store.
int rounds_in_which_both_were_blind(int rounds) {
    alignas(64) atomic<std::uint32_t> light{0};
    alignas(64) atomic<std::uint32_t> heavy{0};
    alignas(64) std::uint32_t light_saw = 0;
    alignas(64) std::uint32_t heavy_saw = 0;
    std::barrier together(2);
    int blind = 0;
    std::thread light_side([&] {
        for (int i = 0; i < rounds; ++i) {
            together.arrive_and_wait();
            light.store(1, std::memory_order_relaxed);
            asymmetric_barrier::light(light);
            light_saw = heavy.load(std::memory_order_relaxed);
            together.arrive_and_wait();
        }
    });
    for (int i = 0; i < rounds; ++i) {
        light.store(0, std::memory_order_relaxed);
        heavy.store(0, std::memory_order_relaxed);
        together.arrive_and_wait();
        heavy.store(1, std::memory_order_seq_cst);
        asymmetric_barrier::heavy();
        heavy_saw = light.load(std::memory_order_seq_cst);
        together.arrive_and_wait();
        if (light_saw == 0 && heavy_saw == 0) ++blind;
    }
    light_side.join();
    return blind;
}

TEST(AsymmetricBarrier, OneSideSeesTheOthersStoreBeforeItIsPrepared) {
    EXPECT_EQ(rounds_in_which_both_were_blind(2000), 0);
}

TEST(AsymmetricBarrier, OneSideSeesTheOthersStore) {
    asymmetric_barrier::prepare();
    EXPECT_EQ(rounds_in_which_both_were_blind(20000), 0);
}

TEST(AsymmetricBarrier, LightSideChangesNothing) {
    atomic<int> mine{7};
    asymmetric_barrier::light(mine);
    EXPECT_EQ(mine.load(), 7);
}

}  // namespace
