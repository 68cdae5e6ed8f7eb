#include <twill/core/frame_memory.hpp>

#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace {

using twill::detail::allocate_frame;
using twill::detail::free_frame;

TEST(FrameMemory, BlocksOfAllSizesAreDisjointAndAligned) {
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t size = 1; size < 5000; size += 61) {
        void* block = allocate_frame(size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0U);
        std::memset(block, static_cast<int>(size & 0xff), size);
        blocks.emplace_back(block, size);
    }
    for (const auto& [block, size] : blocks) {
        const auto* bytes = static_cast<const unsigned char*>(block);
        EXPECT_EQ(bytes[0], size & 0xff);
        EXPECT_EQ(bytes[size - 1], size & 0xff);
        free_frame(block, size);
    }
}

#if !defined(TWILL_ASAN) && !defined(TWILL_TSAN)

TEST(FrameMemory, FreedBlockIsGivenAgainToTheSameThread) {
    void* first = allocate_frame(100);
    free_frame(first, 100);
    void* second = allocate_frame(112);  // rounded up to the same
    EXPECT_EQ(first, second);
    free_frame(second, 112);
}

TEST(FrameMemory, WhatIsFreedElsewhereGoesHome) {
    // A thousand blocks at a time, allocated here and freed there: no more than a few thousand
    // addresses are ever used, however often.
    constexpr std::size_t at_once = 1000;
    constexpr std::size_t room = (std::size_t{256} << 10U) / 208;  // in a span
    std::set<void*> seen;
    for (int round = 0; round < 100; ++round) {
        std::vector<void*> blocks;
        for (std::size_t i = 0; i < at_once; ++i) blocks.push_back(allocate_frame(200));
        seen.insert(blocks.begin(), blocks.end());
        std::thread([&] {
            free_frame(allocate_frame(200), 200);  // a heap of its own
            for (void* block : blocks) free_frame(block, 200);
        }).join();
    }
    EXPECT_LE(seen.size(), at_once + room) << "freed blocks did not come back";
}

TEST(FrameMemory, OfAThreadThatHasEndedServesTheNext) {
    void* first = nullptr;
    void* second = nullptr;
    std::thread([&] { free_frame(first = allocate_frame(144), 144); }).join();
    std::thread([&] { free_frame(second = allocate_frame(144), 144); }).join();
    EXPECT_EQ(first, second);
}

TEST(FrameMemory, ServesAnotherSizeOnceAllOfASpanIsFreed) {
    constexpr std::size_t bytes = std::size_t{32} << 20U;
    const auto fill = [](std::size_t size) {
        std::vector<void*> blocks;
        for (std::size_t n = 0; n < bytes; n += size) blocks.push_back(allocate_frame(size));
        const std::size_t idle = twill::detail::idle_frame_bytes();
        for (void* block : blocks) free_frame(block, size);
        return idle;
    };
    fill(512);
    const std::size_t after_first = twill::detail::idle_frame_bytes();
    EXPECT_GT(after_first, bytes - bytes / 8);
    EXPECT_LT(fill(1024), bytes / 8) << "the second size did not use what the first had left";
}

TEST(FrameMemory, GoesBackToTheSystemInIdleMoments) {
    constexpr std::size_t kept = std::size_t{8} << 20U;
    std::vector<void*> blocks;
    for (int i = 0; i < 16'384; ++i) blocks.push_back(allocate_frame(2048));
    for (void* block : blocks) free_frame(block, 2048);
    std::size_t idle = twill::detail::idle_frame_bytes();
    ASSERT_GT(idle, 2 * kept);
    while (idle > kept) {
        twill::detail::tidy_frames();
        const std::size_t now = twill::detail::idle_frame_bytes();
        ASSERT_LT(now, idle);
        EXPECT_GE(idle - now, std::size_t{256} << 10U);
        idle = now;
    }
    twill::detail::tidy_frames();
    EXPECT_EQ(twill::detail::idle_frame_bytes(), idle) << "what is worth keeping is kept";
}

// 32 MiB.
std::vector<void*> many_blocks() {
    std::vector<void*> blocks;
    for (int i = 0; i < 16'384; ++i) blocks.push_back(allocate_frame(2048));
    return blocks;
}

// Of this process, in memory.
std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void expect_that_tidying_gives_most_back() {
    const std::size_t before = resident_bytes();
    for (int i = 0; i < 1000; ++i) twill::detail::tidy_frames();
    EXPECT_LT(resident_bytes() + (std::size_t{16} << 20U), before);
}

TEST(FrameMemory, FreedOnAnotherThreadGoesBackToTheSystemInIdleMoments) {
    const std::vector<void*> blocks = many_blocks();
    std::thread([&] {
        free_frame(allocate_frame(64), 64);  // a heap of its own
        for (void* block : blocks) free_frame(block, 2048);
    }).join();
    expect_that_tidying_gives_most_back();
}

TEST(FrameMemory, OfAThreadThatHasEndedGoesBackToTheSystemInIdleMoments) {
    free_frame(allocate_frame(64), 64);  // a heap of its own
    std::vector<void*> blocks;
    // Further heaps that nobody owns, and that hold nothing.
    std::vector<std::thread> others;
    std::latch all(9);
    for (int i = 0; i < 8; ++i)
        others.emplace_back([&] {
            free_frame(allocate_frame(64), 64);
            all.arrive_and_wait();
        });
    std::thread([&] {
        blocks = many_blocks();
        all.arrive_and_wait();
    }).join();
    for (std::thread& each : others) each.join();
    for (void* block : blocks) free_frame(block, 2048);
    expect_that_tidying_gives_most_back();
}

#endif

TEST(FrameMemory, BlocksMayBeFreedByOtherThreadsThatThenEnd) {
    for (int round = 0; round < 20; ++round) {
        std::vector<void*> blocks;
        for (int i = 0; i < 100; ++i) blocks.push_back(allocate_frame(200));
        std::thread other([&] {
            for (void* block : blocks) free_frame(block, 200);
            blocks.clear();
            for (int i = 0; i < 50; ++i) blocks.push_back(allocate_frame(200));
        });
        other.join();
        for (void* block : blocks) free_frame(block, 200);
    }
}

struct frees_at_thread_end {
    void* block = nullptr;
    ~frees_at_thread_end() {
        if (block != nullptr) free_frame(block, 300);
        free_frame(allocate_frame(64), 64);
    }
};

TEST(FrameMemory, ServesThreadLocalsThatEndAfterItsOwnCache) {
    std::thread([] {
        static thread_local frees_at_thread_end late;  // made first, so destroyed last
        late.block = allocate_frame(300);
        free_frame(allocate_frame(64), 64);
    }).join();
}

// Threads pass their blocks round in a ring, so that all of them are freed on another one.
TEST(FrameMemory, HoldsWhatWasWrittenWhileThreadsExchangeBlocks) {
    constexpr int threads = 4;
    constexpr int rounds = 300;
    struct place {
        twill::futex_mutex lock;
        std::vector<unsigned*> blocks;
    };
    std::array<place, threads> places;
    std::vector<std::thread> all;
    for (unsigned me = 0; me < threads; ++me)
        all.emplace_back([&, me] {
            place& to = places[(me + 1) % threads];
            for (unsigned round = 0; round < rounds; ++round) {
                std::vector<unsigned*> got;
                {
                    std::lock_guard hold(places[me].lock);
                    got.swap(places[me].blocks);
                }
                for (unsigned* block : got) {
                    const std::size_t size = 16 + block[1] % 40 * 16;
                    EXPECT_EQ(block[size / sizeof(unsigned) - 1], block[0]);
                    free_frame(block, size);
                }
                for (unsigned i = 0; i < 100; ++i) {
                    const std::size_t size = 16 + i % 40 * 16;
                    auto* block = static_cast<unsigned*>(allocate_frame(size));
                    block[0] = me * rounds + round;
                    block[1] = i;
                    block[size / sizeof(unsigned) - 1] = block[0];
                    std::lock_guard hold(to.lock);
                    to.blocks.push_back(block);
                }
            }
        });
    for (std::thread& each : all) each.join();
    for (place& each : places)
        for (unsigned* block : each.blocks) free_frame(block, 16 + block[1] % 40 * 16);
}

}  // namespace
