#include <twill/par/partition.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"

namespace {

using par_test::churn;
using par_test::numbers;
using par_test::pool_of;
namespace par = twill::par;

bool small(int n) { return n < 400; }

std::vector<int> partitioned(const std::vector<int>& in) {
    std::vector<int> made;
    std::ranges::copy_if(in, std::back_inserter(made), small);
    std::ranges::copy_if(in, std::back_inserter(made), std::not_fn(small));
    return made;
}

TEST(partition, of_numbers_agrees_with_the_standard) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<int>(size, 1'000);
        auto ours = in;
        auto theirs = partitioned(in);
        const auto behind = par::stable_partition(ours, small);
        EXPECT_EQ(ours, theirs) << size;
        EXPECT_EQ(behind.begin() - ours.begin(), std::ranges::count_if(in, small));
        EXPECT_EQ(behind.end(), ours.end());

        std::vector<int> kept(static_cast<std::size_t>(std::ranges::count_if(in, small)));
        const auto ends = par::copy_if(in, kept.begin(), small);
        EXPECT_TRUE(ends.in == in.end() && ends.out == kept.end());
        EXPECT_TRUE(std::ranges::equal(
            kept, std::ranges::subrange(theirs.begin(), theirs.begin() + std::ssize(kept))));
        ours = in;
        theirs = in;
        const auto gone = par::remove_if(ours, small);
        ours.erase(gone.begin(), gone.end());
        std::erase_if(theirs, small);
        EXPECT_EQ(ours, theirs) << size;
    }
}

TEST(partition, moves_what_cannot_be_copied) {
    for (const unsigned workers : {1U, 4U}) {
        pool_of test(workers);
        std::deque<std::unique_ptr<int>> all;
        const auto values = numbers<int>(20'011, 1'000);
        for (const int n : values) all.push_back(std::make_unique<int>(n));
        const auto behind = par::partition(all, [](const auto& p) {
            churn(100);
            return small(*p);
        });
        const auto expected = partitioned(values);
        EXPECT_TRUE(std::ranges::equal(all, expected, {}, [](const auto& p) { return *p; }));
        const auto gone = par::remove_if(
            behind.begin(), behind.end(), [](int n) { return n > 500; },
            [](const auto& p) { return *p; });
        EXPECT_TRUE(std::all_of(behind.begin(), gone.begin(),
                                [](const auto& p) { return *p >= 400 && *p <= 500; }));
        EXPECT_EQ(gone.begin() - behind.begin(),
                  std::ranges::count_if(values, [](int n) { return n >= 400 && n <= 500; }));
    }
}

TEST(partition, copies_strings_by_a_projection) {
    pool_of test(4);
    std::vector<std::string> in;
    for (int i = 0; i < 9'000; ++i) in.push_back(std::string(static_cast<std::size_t>(i % 5), 'x'));
    std::deque<std::string> out(in.size());
    const auto ends = par::copy_if(
        in.begin(), in.end(), out.begin(), [](std::size_t n) { return n == 3; },
        &std::string::size);
    EXPECT_EQ(ends.out - out.begin(), 1'800);
    EXPECT_TRUE(std::all_of(out.begin(), ends.out, [](const auto& s) { return s == "xxx"; }));
}

TEST(partition, asks_once_about_each_element) {
    pool_of test(4);
    std::vector<int> all(30'000);
    std::vector<int> asked(all.size(), 0);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    static_cast<void>(par::stable_partition(all, [&](int n) {
        ++asked[static_cast<std::size_t>(n)];
        churn(50);
        return n % 3 == 0;
    }));
    EXPECT_EQ(std::ranges::count(asked, 1), 30'000);
}

TEST(partition, two_coarse_elements_run_side_by_side) {
    pool_of test(2);
    twill::atomic<int> begun{0};
    std::vector<int> all = {0, 1, 2};
    const auto behind = par::stable_partition(all, [&](int n) {
        begun.fetch_add(1);
        return par_test::wait_without_beat([&] { return begun.load() >= 2; }) && n == 2;
    });
    EXPECT_EQ(all, (std::vector<int>{2, 0, 1}));
    EXPECT_EQ(behind.size(), 2U);
}

// Whatever a failing or cancelled call leaves: each element once.
template <class T>
void expect_permutation(std::vector<T> found, std::vector<T> expected) {
    std::ranges::sort(found);
    std::ranges::sort(expected);
    EXPECT_EQ(found, expected);
}

TEST(partition, leaves_a_permutation_when_the_predicate_throws) {
    pool_of test(4);
    const auto values = numbers<int>(6'000, 1'000'000);
    std::vector<std::string> names;
    for (const int n : values) names.push_back("a rather long name, number " + std::to_string(n));
    for (const std::size_t bad : {0U, 1U, 3'000U, 5'998U, 5'999U}) {
        auto ints = values;
        EXPECT_THROW(static_cast<void>(par::stable_partition(ints,
                                                             [&](int n) {
                                                                 churn(300);
                                                                 if (n == values[bad]) throw 1;
                                                                 return n % 2 == 0;
                                                             })),
                     int);
        expect_permutation(ints, values);
        auto strings = names;
        EXPECT_THROW(static_cast<void>(par::stable_partition(strings,
                                                             [&](const std::string& s) {
                                                                 churn(300);
                                                                 if (s == names[bad]) throw 1;
                                                                 return s.back() % 2 == 0;
                                                             })),
                     int);
        expect_permutation(strings, names);
    }
}

TEST(partition, leaves_a_permutation_when_it_is_cancelled) {
    twill::compute_pool pool({.workers = 3});
    const auto values = numbers<int>(200'000, 1'000'000);
    auto all = values;
    twill::atomic<bool> runs{false};
    par_test::test_region work([&](par::context& here) {
        static_cast<void>(par::stable_partition(here, all, [&](int n) {
            runs.store(true, std::memory_order_relaxed);
            churn(5'000);
            return n % 2 == 0;
        }));
    });
    pool.submit(work);
    par_test::wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
    expect_permutation(all, values);
}

}  // namespace
