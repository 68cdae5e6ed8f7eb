// frame_memory: a block belongs to one thread at a time; what is freed elsewhere goes home, in
// batches, and is used again there.
#include <twill/core/frame_memory.hpp>

#include <array>
#include <cstddef>
#include <string>

#include "doors.hpp"
#include "expectations.hpp"

namespace model_test {
namespace {

// Two of this size fill a span, and two a batch.
struct frame {
    std::array<int, 500> words;
};

// Whoever has it writes to it: a block that two have is a data race, or is overwritten. Not its
// first words, in which a free block has its link: mutants would lead it anywhere.
frame* make(int mark) {
    auto* const made = static_cast<frame*>(twill::detail::allocate_frame(sizeof(frame)));
    made->words[4] = made->words[5] = mark;
    return made;
}
void drop(frame* what, int mark) {
    model::check(what->words[4] == mark && what->words[5] == mark, "nobody else had it");
    what->words[4] = what->words[5] = 0;
    twill::detail::free_frame(what, sizeof(frame));
}
// Lets the thread have a heap of its own.
void begin_a_heap() { drop(make(9), 9); }

// Makes so many at a time: without those that came home it would take more spans.
template <std::size_t Count>
void make_and_drop() {
    std::array<frame*, Count> all{};
    for (std::size_t i = 0; i != Count; ++i) all[i] = make(static_cast<int>(i + 20));
    for (std::size_t i = 0; i != Count; ++i) drop(all[i], static_cast<int>(i + 20));
}

// The owner goes on making frames meanwhile.
void go_home_in_a_batch() {
    few_spans spans;
    frame* const first = make(1);
    frame* const second = make(2);
    model::thread other([&] {
        begin_a_heap();
        drop(first, 1);
        drop(second, 2);
    });
    frame* const third = make(3);
    other.join();
    make_and_drop<3>();
    drop(third, 3);
    model::check(spans.used() <= 3, "what came home is used again");
    model::note_outcome(std::to_string(spans.used()));
}

// Of a thread without a heap each goes by itself.
void go_home_one_by_one() {
    few_spans spans;
    frame* const first = make(1);
    frame* const second = make(2);
    model::thread other([&] {
        drop(first, 1);
        drop(second, 2);
    });
    frame* const third = make(3);
    other.join();
    make_and_drop<3>();
    drop(third, 3);
    model::check(spans.used() <= 2, "what came home is used again");
}

void come_from_two_threads() {
    few_spans spans;
    std::array<frame*, 4> all{};
    for (int i = 0; i != 4; ++i) all[static_cast<std::size_t>(i)] = make(i);
    {
        model::thread first([&] {
            drop(all[0], 0);
            drop(all[2], 2);
        });
        model::thread second([&] {
            drop(all[1], 1);
            drop(all[3], 3);
        });
        drop(make(5), 5);
    }
    make_and_drop<6>();
    model::check(spans.used() <= 3, "what came home is used again");
}

// Half a batch is sent when its thread has nothing to do; and when one for another heap begins.
void half_a_batch_goes_home() {
    few_spans spans;
    frame* const mine = make(1);
    frame* another = nullptr;
    model::thread third([&] { another = make(2); });
    third.join();
    model::thread other([&] {
        begin_a_heap();
        drop(mine, 1);
        drop(another, 2);
        twill::detail::tidy_frames();
    });
    other.join();
    make_and_drop<2>();
    model::check(spans.used() == 3, "mine came home");
}

// A span that is empty serves another thread.
void a_span_changes_hands() {
    few_spans spans;
    frame* const first = make(1);
    frame* const second = make(2);
    model::thread other([&] {
        drop(first, 1);
        drop(second, 2);
        drop(make(6), 6);
    });
    make_and_drop<3>();
    other.join();
    model::note_outcome(std::to_string(spans.used()));
}

const scenarios protocol{{bounded, go_home_in_a_batch},
                         {bounded, go_home_one_by_one},
                         {bounded, come_from_two_threads},
                         {bounded, half_a_batch_goes_home},
                         {bounded, a_span_changes_hands}};

TEST(frame_memory, sends_a_batch_home) { expect_holds(protocol[0]); }
TEST(frame_memory, sends_single_blocks_home) { expect_holds(protocol[1]); }
TEST(frame_memory, takes_what_comes_from_two_threads) { expect_holds(protocol[2]); }
TEST(frame_memory, keeps_no_half_batch) { expect_holds(protocol[3]); }
TEST(frame_memory, gives_an_empty_span_to_another_thread) { expect_holds(protocol[4]); }

TEST(frame_memory, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    EXPECT_EQ(needless_orders(protocol, "frame_memory."), names{});
}

TEST(frame_memory, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(protocol, {{"detail::push_home compare", omit},
                                   {"detail::take_returned exchange", tear}}),
              names{});
}

}  // namespace
}  // namespace model_test
