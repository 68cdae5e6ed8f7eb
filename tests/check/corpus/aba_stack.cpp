// A lock-free list of free blocks, by index: a block may leave and come back between load and
// swap.
//
// bug: ABA
// from: IBM System/370 Principles of Operation, free-pool list; Michael, "Hazard pointers" (2004)
// expect: assertion
// mode: memory

#include <atomic>
#include <cassert>
#include <cstdint>
#include <thread>

class free_list {
public:
    static constexpr std::uint32_t none = 0xffff;

    free_list() {
        for (std::uint32_t i = 0; i < blocks; ++i) next_[i] = i + 1 < blocks ? i + 1 : none;
    }

    std::uint32_t allocate() {
        std::uint64_t head = head_;
        for (;;) {
            std::uint32_t block = index(head);
            if (block == none) return none;
            std::uint32_t next = next_[block];
            if (head_.compare_exchange_strong(head, successor(head, next))) return block;
        }
    }

    void release(std::uint32_t block) {
        std::uint64_t head = head_;
        do {
            next_[block] = index(head);
        } while (!head_.compare_exchange_strong(head, successor(head, block)));
    }

private:
    static constexpr std::uint32_t blocks = 3;

    static std::uint32_t index(std::uint64_t head) { return static_cast<std::uint32_t>(head); }

    static std::uint64_t successor([[maybe_unused]] std::uint64_t head, std::uint32_t block) {
#ifdef FIXED
        std::uint64_t tag = (head >> 32) + 1;
        return tag << 32 | block;
#else
        return block;
#endif
    }

    std::atomic<std::uint64_t> head_ = 0;
    std::atomic<std::uint32_t> next_[blocks];
};

static free_list blocks;
static std::atomic<int> users[3];

static std::uint32_t take() {
    std::uint32_t block = blocks.allocate();
    if (block != free_list::none) assert(++users[block] == 1 && "a block is given to two");
    return block;
}

static void give_back(std::uint32_t block) {
    if (block == free_list::none) return;
    --users[block];
    blocks.release(block);
}

int main() {
    std::thread other([] {
        auto first = take();
        auto second = take();
        give_back(first);
        auto third = take();
        give_back(third);
        give_back(second);
    });
    auto mine = take();
    auto more = take();
    give_back(mine);
    give_back(more);
    other.join();
}
