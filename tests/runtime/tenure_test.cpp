#include <twill/runtime/detail/tenure.hpp>

#include <twill/core/time.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::detail::tenure;

TEST(Tenure, IsTakenFromAHolderThatIsOutsideOnly) {
    tenure hold;
    EXPECT_FALSE(hold.take()) << "it has not gone out yet";
    hold.begin_turn(1, 0, false);
    EXPECT_TRUE(hold.look().is_outside);
    EXPECT_TRUE(hold.come_in());
    EXPECT_FALSE(hold.look().is_outside);
    EXPECT_FALSE(hold.take()) << "it came in";
    EXPECT_TRUE(hold.come_in()) << "and a vain attempt leaves nothing behind";
    hold.begin_turn(2, 0, false);
    EXPECT_FALSE(hold.is_lost());
    EXPECT_TRUE(hold.take());
    EXPECT_TRUE(hold.is_lost());
    EXPECT_FALSE(hold.come_in());
    hold.go_out();
    EXPECT_FALSE(hold.come_in()) << "for good";
}

TEST(Tenure, TurnsOutlastVisitsInTheirMiddle) {
    tenure hold;
    hold.begin_turn(7, 2, false);
    EXPECT_EQ(hold.look().turn, 7U);
    EXPECT_FALSE(hold.look().others_wait);
    EXPECT_TRUE(hold.come_in());
    hold.note_others();
    hold.go_out();
    EXPECT_TRUE(hold.look().is_outside);
    EXPECT_EQ(hold.look().turn, 7U);
    EXPECT_TRUE(hold.look().others_wait);
    EXPECT_TRUE(hold.spend());
    EXPECT_TRUE(hold.spend());
    EXPECT_FALSE(hold.spend()) << "its budget was two";
    EXPECT_EQ(hold.look().turn, 7U);
    EXPECT_TRUE(hold.come_in());
    hold.begin_turn(8, 0, true);
    EXPECT_EQ(hold.look().turn, 8U);
    EXPECT_TRUE(hold.look().others_wait);
}

// Three threads take the same plain data from each other. The thread sanitizer sees a race if two
// are ever inside at a time, and the count is short if one touched what it had lost.
TEST(Tenure, ChangesHandsAndHasOneHolderAtATime) {
    constexpr std::size_t most_terms = 2000;
    std::vector<std::unique_ptr<tenure>> terms;
    for (std::size_t i = 0; i <= most_terms; ++i) terms.push_back(std::make_unique<tenure>());
    twill::atomic<std::size_t> current{0};
    twill::atomic<bool> taking{false};  // by one thread at a time
    twill::atomic<std::uint64_t> steps{0};
    std::uint64_t data = 0;
    const auto end = twill::now() + 5s;
    const auto over = [&] { return current.load() == most_terms || twill::now() > end; };

    const auto hold = [&](tenure& mine) {
        for (std::uint64_t done = 1;; ++done) {
            ++data;
            mine.begin_turn(done, 0, true);
            if (done % 16 == 0) std::this_thread::yield();
            const bool ours = mine.come_in();
            if (ours && !over()) continue;
            steps.fetch_add(done);
            return;
        }
    };
    const auto live = [&](bool first) {
        if (first) hold(*terms[0]);
        while (!over()) {
            if (taking.exchange(true)) continue;
            const std::size_t at = current.load();
            const bool ours = at != most_terms && terms[at]->take();
            if (ours) current.store(at + 1);
            taking.store(false);
            if (ours) hold(*terms[at + 1]);
        }
    };
    std::thread one([&] { live(true); });
    std::thread two([&] { live(false); });
    live(false);
    one.join();
    two.join();
    EXPECT_EQ(data, steps.load());
    EXPECT_GT(current.load(), 10U);
}

}  // namespace
