#include <twill/core/futex_mutex.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

TEST(FutexMutex, IsFourBytes) { static_assert(sizeof(twill::futex_mutex) == 4); }

TEST(FutexMutex, TryLockFailsWhileHeld) {
    twill::futex_mutex mutex;
    EXPECT_TRUE(mutex.try_lock());
    EXPECT_FALSE(mutex.try_lock());
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
}

TEST(FutexMutex, ExcludesAndForgetsNoSleeper) {
    static constexpr int threads = 4;
    static constexpr int rounds = 5'000;
    twill::futex_mutex mutex;
    int counter = 0;
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
                std::lock_guard hold(mutex);
                ++counter;
                if (i % 256 == 0) std::this_thread::yield();  // lets others fall asleep on it
            }
        });
    for (auto& each : all) each.join();
    EXPECT_EQ(counter, threads * rounds);
}

// The way contexts use it: whoever has locked and unlocked last may free it.
TEST(FutexMutex, MayBeFreedByTheNextOwner) {
    for (int round = 0; round < 100; ++round) {
        struct shared {
            twill::futex_mutex mutex;
            int left = 2;
        };
        auto* both = new shared;
        auto leave = [both] {
            bool last = false;
            {
                std::lock_guard hold(both->mutex);
                last = --both->left == 0;
            }
            return last;
        };
        bool by_other = false;
        std::thread other([&] { by_other = leave(); });
        const bool by_me = leave();
        other.join();
        EXPECT_NE(by_me, by_other);
        delete both;
    }
}

}  // namespace
