// Algorithms whose region is stopped while they are at work: what they leave behind.
#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>
#include <twill/par/merge.hpp>
#include <twill/par/partition.hpp>
#include <twill/par/sort.hpp>
#include <twill/par/sort_by_key.hpp>
#include <twill/par/stable_sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"
#include "support/live.hpp"

namespace {

using par_test::churn;
using par_test::numbers;
using par_test::test_region;
using twill::par::context;
namespace par = twill::par;

constexpr std::size_t size = 60'013;

// Called in each call of a function of the algorithm, it makes that last for a moment, and in the
// middle of them all asks the region to stop.
class stop_midway {
public:
    explicit stop_midway(long at) : at_(at) {}
    void operator()() {
        if (calls_.fetch_add(1, std::memory_order_relaxed) + 1 == at_) region_->request_stop();
        churn(40);
    }
    // True if `algorithm(context&)` was cancelled.
    template <class F>
    bool cancels(F&& algorithm) {
        twill::compute_pool pool({.workers = 4});
        test_region work([&](context& here) { algorithm(here); });
        region_ = &work;
        pool.submit(work);
        work.wait();
        return work.was_cancelled();
    }

private:
    const long at_;
    twill::atomic<long> calls_{0};
    twill::region* region_ = nullptr;
};

struct element {
    int key = 0;
    std::size_t place = 0;
    std::string text = "longer than any string keeps in itself";
};

std::vector<element> elements() {
    const auto keys = numbers<int>(size, 1'000'000);
    std::vector<element> made(size);
    for (std::size_t i = 0; i != size; ++i) {
        made[i].key = keys[i];
        made[i].place = i;
    }
    return made;
}

void expect_permutation(const std::vector<element>& all) {
    const auto original = elements();
    std::vector<bool> seen(size);
    for (const element& each : all) {
        ASSERT_TRUE(each.place < size && !seen[each.place]);
        ASSERT_EQ(each.key, original[each.place].key);
        ASSERT_EQ(each.text, original[each.place].text);
        seen[each.place] = true;
    }
}

TEST(cancelled_midway, sort_and_stable_sort_leave_a_permutation) {
    for (const long at : {1L, long{size}, 5L * long{size}}) {
        stop_midway midway(at);
        const auto less = [&](int a, int b) {
            midway();
            return a < b;
        };
        auto all = elements();
        EXPECT_TRUE(midway.cancels(
            [&](context& here) { par::sort(here, all, std::cref(less), &element::key); }));
        expect_permutation(all);
        stop_midway again(at);
        const auto less_again = [&](int a, int b) {
            again();
            return a < b;
        };
        all = elements();
        EXPECT_TRUE(again.cancels([&](context& here) {
            par::stable_sort(here, all, std::cref(less_again), &element::key);
        }));
        expect_permutation(all);
    }
}

TEST(cancelled_midway, sort_by_key_leaves_pairs) {
    const auto original = numbers<int>(size, 1'000'000);
    for (const long at : {1L, 5L * long{size}}) {
        stop_midway midway(at);
        auto keys = original;
        auto values = elements();
        EXPECT_TRUE(midway.cancels([&](context& here) {
            par::sort_by_key(here, keys, values, [&](int a, int b) {
                midway();
                return a < b;
            });
        }));
        expect_permutation(values);
        for (std::size_t i = 0; i != size; ++i) ASSERT_EQ(keys[i], original[values[i].place]);
    }
}

// Numbers beside their places are sorted without calling anything: it is stopped before, and
// notices at its first beat.
TEST(cancelled_midway, sort_by_key_of_numbers_leaves_pairs) {
    const auto original = numbers<int>(size, 1'000'000);
    stop_midway midway(1);
    auto keys = original;
    auto values = elements();
    midway.cancels([&](context& here) {
        midway();
        par::sort_by_key(here, keys, values);
    });
    expect_permutation(values);
    for (std::size_t i = 0; i != size; ++i) ASSERT_EQ(keys[i], original[values[i].place]);
}

TEST(cancelled_midway, partition_leaves_a_permutation) {
    for (const long at : {1L, long{size} / 3}) {
        stop_midway midway(at);
        auto all = elements();
        EXPECT_TRUE(midway.cancels([&](context& here) {
            par::stable_partition(here, all, [&](const element& each) {
                midway();
                return each.key < 400'000;
            });
        }));
        expect_permutation(all);
    }
}

TEST(cancelled_midway, merge_leaves_its_inputs) {
    auto left = numbers<int>(size, 1'000'000);
    auto right = numbers<int>(size, 1'000'000, 2);
    std::ranges::sort(left);
    std::ranges::sort(right);
    const auto both = std::pair(left, right);
    std::vector<int> out(2 * size, -1);
    stop_midway midway(long{size} / 3);
    EXPECT_TRUE(midway.cancels([&](context& here) {
        par::merge(here, left, right, out.begin(), [&](int a, int b) {
            midway();
            return a < b;
        });
    }));
    EXPECT_EQ(std::pair(left, right), both);
}

TEST(cancelled_midway, histogram_and_group_by_leave_nothing_behind) {
    struct counted {
        int key = 0;
        twill_test::live alive;
    };
    std::vector<counted> all(size);
    for (std::size_t i = 0; i != size; ++i) all[i].key = static_cast<int>(i * 7 % 100);
    const int before = twill_test::live::count.load();
    stop_midway in_histogram(long{size} / 3);
    EXPECT_TRUE(in_histogram.cancels([&](context& here) {
        static_cast<void>(par::histogram(here, all, 100, [&](const counted& each) {
            in_histogram();
            return each.key;
        }));
    }));
    // The key is asked for once an element, while keys are numbered.
    for (const long at : {long{size} / 3, 2 * long{size} / 3}) {
        stop_midway in_group_by(at);
        EXPECT_TRUE(in_group_by.cancels([&](context& here) {
            static_cast<void>(par::group_by(here, all, [&](const counted& each) {
                in_group_by();
                return each.key;
            }));
        }));
    }
    EXPECT_EQ(twill_test::live::count.load(), before);
}

TEST(cancelled_midway, sort_of_texts_leaves_a_permutation) {
    const auto all_before = [] {
        auto all = elements();
        for (element& each : all) each.text = std::to_string(each.key * 7919L) + each.text;
        return all;
    }();
    // A projection is asked once to a few times for each element.
    for (const long at : {1L, long{size} / 2, long{size}}) {
        stop_midway midway(at);
        auto all = all_before;
        EXPECT_TRUE(midway.cancels([&](context& here) {
            par::sort(here, all, {}, [&](const element& each) -> const std::string& {
                midway();
                return each.text;
            });
        })) << at;
        std::vector<bool> seen(size);
        for (const element& each : all) {
            ASSERT_TRUE(each.place < size && !seen[each.place]);
            ASSERT_EQ(each.text, all_before[each.place].text);
            seen[each.place] = true;
        }
    }
}

}  // namespace
