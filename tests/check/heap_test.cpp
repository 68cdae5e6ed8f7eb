#include "check/memory/heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace {

using twill::check::heap;
using result = heap::release_result;

std::uintptr_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

class Heap : public testing::Test {
protected:
    void* take(std::size_t size, std::size_t alignment = 16, bool zeroed = false) {
        return blocks.allocate(size, {1, 10}, alignment, zeroed);
    }

    // Its address space (64 GiB) is not given back: one for all tests of a process.
    static heap blocks;
};
constinit heap Heap::blocks;

TEST_F(Heap, GivesBlocksOfAllSizesThatDoNotOverlap) {
    std::vector<std::pair<unsigned char*, std::size_t>> all;
    for (std::size_t size = 0; size < 300'000; size = size + size / 7 + 1)
        for (int twice = 0; twice != 2; ++twice) {
            auto* const block = static_cast<unsigned char*>(take(size));
            ASSERT_NE(block, nullptr);
            ASSERT_EQ(address(block) % 16, 0U);
            std::memset(block, static_cast<int>(all.size()), size);
            all.emplace_back(block, size);
        }
    for (std::size_t i = 0; i != all.size(); ++i) {
        const auto [block, size] = all[i];
        ASSERT_TRUE(
            std::all_of(block, block + size,
                        [i](unsigned char byte) { return byte == static_cast<unsigned char>(i); }))
            << "block of " << size;
        ASSERT_EQ(blocks.release(block, {}), result::freed);
    }
}

TEST_F(Heap, AlignsAsAsked) {
    for (std::size_t alignment = 16; alignment <= (1U << 20); alignment *= 2)
        for (const std::size_t size : {1U, 100U, 5000U, 40'000U, 200'000U}) {
            void* const block = take(size, alignment);
            ASSERT_NE(block, nullptr);
            EXPECT_EQ(address(block) % alignment, 0U) << size << " at " << alignment;
            ASSERT_NE(blocks.find(address(block) + size), nullptr) << "the byte behind is its own";
            EXPECT_EQ(blocks.find(address(block) + size)->address, address(block));
        }
}

TEST_F(Heap, AnyAddressLeadsToItsBlock) {
    for (const std::size_t size : {1U, 24U, 700U, 30'000U, 70'000U, 1'000'000U}) {
        void* const block = blocks.allocate(size, {3, 33});
        for (const std::size_t offset : {std::size_t{0}, size / 2, size - 1}) {
            const heap::block* const found = blocks.find(address(block) + offset);
            ASSERT_NE(found, nullptr) << size;
            EXPECT_EQ(found->address, address(block));
            EXPECT_EQ(found->size, size);
            EXPECT_EQ(found->allocated.thread, 3U);
            EXPECT_EQ(found->allocated.place, 33U);
            EXPECT_EQ(found->now, heap::state::allocated);
        }
        EXPECT_EQ(blocks.release(block, {4, 44}), result::freed);
        const heap::block* const found = blocks.find(address(block) + size / 2);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->now, heap::state::freed);
        EXPECT_EQ(found->freed.thread, 4U);
        EXPECT_EQ(found->freed.place, 44U);
    }
    int elsewhere = 0;
    EXPECT_EQ(blocks.find(address(&elsewhere)), nullptr);
    EXPECT_EQ(blocks.find(0), nullptr);
}

TEST_F(Heap, TellsWhatIsWrongWithAFree) {
    auto* const block = static_cast<char*>(take(100));
    EXPECT_EQ(blocks.release(block + 8, {}), result::not_its_begin);
    EXPECT_EQ(blocks.release(block, {}), result::freed);
    EXPECT_EQ(blocks.release(block, {}), result::twice);
    int elsewhere = 0;
    EXPECT_EQ(blocks.release(&elsewhere, {}), result::not_a_block);
}

TEST_F(Heap, AFreedBlockIsJunkAndNotGivenAgainSoon) {
    auto* const block = static_cast<unsigned char*>(take(64));
    std::memset(block, 1, 64);
    ASSERT_EQ(blocks.release(block, {}), result::freed);
    EXPECT_TRUE(
        std::all_of(block, block + 64, [](unsigned char byte) { return byte == heap::junk; }));
    for (int i = 0; i != 1000; ++i) {
        void* const other = take(64);
        ASSERT_NE(other, block);
        ASSERT_EQ(blocks.release(other, {}), result::freed);
    }
}

TEST_F(Heap, MemoryComesBackOnceTheQuarantineIsFull) {
    const auto fresh = std::make_unique<heap>();  // no block of another test in between
    const auto take = [&](std::size_t size) { return fresh->allocate(size, {}); };
    std::uintptr_t lowest = ~std::uintptr_t{0}, highest = 0;
    constexpr std::size_t size = 1000, rounds = 20 * heap::quarantine_bytes / size;
    for (std::size_t i = 0; i != rounds; ++i) {
        void* const block = take(size);
        lowest = std::min(lowest, address(block));
        highest = std::max(highest, address(block));
        ASSERT_EQ(fresh->release(block, {}), result::freed);
    }
    EXPECT_LT(highest - lowest, 2 * heap::quarantine_bytes);

    lowest = ~std::uintptr_t{0}, highest = 0;
    for (int i = 0; i != 100; ++i) {
        void* const block = take(10'000'000);
        lowest = std::min(lowest, address(block));
        highest = std::max(highest, address(block));
        ASSERT_EQ(fresh->release(block, {}), result::freed);
    }
    EXPECT_LT(highest - lowest, 5 * heap::quarantine_bytes);
}

TEST_F(Heap, ZeroedMemoryIsZeroAlsoAfterUse) {
    for (const std::size_t size : {50UL, 3 * heap::quarantine_bytes})
        for (int i = 0; i != 5; ++i) {
            auto* const block = static_cast<unsigned char*>(take(size, 16, true));
            ASSERT_NE(block, nullptr);
            for (std::size_t at = 0; at < size; at += 49) ASSERT_EQ(block[at], 0);
            std::memset(block, 7, 50);
            ASSERT_EQ(blocks.release(block, {}), result::freed);
            std::memset(block, 7, 50);  // a use after free must not show in a later block
        }
}

TEST_F(Heap, ResizesLargeBlocksInTheirRoomOnly) {
    auto* const large = static_cast<char*>(take(100'000));
    EXPECT_TRUE(blocks.resize(large, 120'000));
    EXPECT_EQ(blocks.find(address(large))->size, 120'000U);
    EXPECT_FALSE(blocks.resize(large, 200'000)) << "there is another behind";
    EXPECT_FALSE(blocks.resize(large, 10)) << "most would be wasted";
    EXPECT_FALSE(blocks.resize(large + 16, 110'000));
    EXPECT_EQ(blocks.find(address(large))->size, 120'000U);
    void* const small = take(100);
    EXPECT_FALSE(blocks.resize(small, 90));
    EXPECT_EQ(blocks.release(large, {}), result::freed);
    EXPECT_FALSE(blocks.resize(large, 110'000)) << "it was freed";
}

TEST_F(Heap, RefusesWhatThereIsNotRoomFor) {
    EXPECT_EQ(take(std::size_t{1} << 40), nullptr);
    EXPECT_EQ(take(~std::size_t{0}), nullptr);
    EXPECT_EQ(take(~std::size_t{0} - 100), nullptr);
    EXPECT_NE(take(1), nullptr) << "and goes on";
}

TEST_F(Heap, KeepsItsBooksUnderRandomUse) {
    std::minstd_rand draw(1);  // NOLINT(bugprone-random-generator-seed,cert-msc51-cpp): repeatable
    struct owned {
        unsigned char* block;
        std::size_t size;
        unsigned char mark;
    };
    std::vector<owned> live;
    for (int i = 0; i != 50'000; ++i) {
        if (live.size() < 500 && draw() % 2 == 0) {
            const std::size_t size = draw() % (draw() % 50 == 0 ? 200'000 : 600);
            auto* const block = static_cast<unsigned char*>(take(size));
            ASSERT_NE(block, nullptr);
            const auto mark = static_cast<unsigned char>(draw());
            std::memset(block, mark, size);
            live.push_back({block, size, mark});
        } else if (!live.empty()) {
            std::swap(live[draw() % live.size()], live.back());
            const owned last = live.back();
            live.pop_back();
            ASSERT_TRUE(std::all_of(last.block, last.block + last.size,
                                    [&](unsigned char byte) { return byte == last.mark; }));
            ASSERT_EQ(blocks.find(address(last.block))->size, last.size);
            ASSERT_EQ(blocks.release(last.block, {}), result::freed);
        }
    }
}

}  // namespace
