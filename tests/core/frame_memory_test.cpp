#include <twill/core/frame_memory.hpp>

#include <twill/core/config.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
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

#ifndef TWILL_ASAN
TEST(FrameMemory, FreedBlockIsGivenAgainToTheSameThread) {
    void* first = allocate_frame(100);
    free_frame(first, 100);
    void* second = allocate_frame(120);  // the same class
    EXPECT_EQ(first, second);
    free_frame(second, 120);
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

TEST(FrameMemory, KeepsNoMoreThanItsBound) {
    // 16 MiB are freed; what is beyond the cache's 8 MiB goes back to the global allocator, and the
    // leak check of the address sanitizer build sees to the rest.
    std::thread([] {
        std::vector<void*> blocks;
        for (int i = 0; i < 8192; ++i) blocks.push_back(allocate_frame(2048));
        for (void* block : blocks) free_frame(block, 2048);
    }).join();
}

}  // namespace
