// Every call takes a plain function where it takes a lambda. (A function has no size, which is
// asked of what might be copied.)
#include <twill/par/count.hpp>
#include <twill/par/deterministic.hpp>
#include <twill/par/equal.hpp>
#include <twill/par/find.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>
#include <twill/par/join.hpp>
#include <twill/par/merge.hpp>
#include <twill/par/minmax.hpp>
#include <twill/par/partition.hpp>
#include <twill/par/pipeline.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/scan.hpp>
#include <twill/par/scope.hpp>
#include <twill/par/shield.hpp>
#include <twill/par/sort.hpp>
#include <twill/par/sort_by_key.hpp>
#include <twill/par/stable_sort.hpp>
#include <twill/par/transform.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using twill::par::context;
namespace par = twill::par;

using ints = std::vector<int>;

twill::atomic<int> calls{0};

int one() { return 1; }
int two(context&) { return 2; }
void call() { calls.fetch_add(1); }
void call_for(std::size_t) { calls.fetch_add(1); }
void call_with_context(context&, std::size_t) { calls.fetch_add(1); }
void call_for_both(std::size_t, std::size_t) { calls.fetch_add(1); }
void increase(int& n) { ++n; }
int negative(int n) { return -n; }
int sum(int a, int b) { return a + b; }
bool odd(int n) { return n % 2 != 0; }
bool less(int a, int b) { return a < b; }
bool same(int a, int b) { return a == b; }
std::size_t bucket(int n) { return static_cast<std::size_t>(n) % 2; }
void fork_some(par::fork_scope& s) {
    s.fork(call);
    s.fork(&call);
    s.fork(two);
}

class plain_functions : public ::testing::Test {
protected:
    plain_functions() { calls = 0; }
    ints numbers{3, 1, 2};
    ints other{1, 1, 1};
};

TEST_F(plain_functions, in_joins_scopes_and_regions) {
    EXPECT_EQ(par::join(one, two, &one), std::tuple(1, 2, 1));
    par::join(call, call);
    par::scope(fork_some);
    par::shield(call);
    EXPECT_EQ(par::region(two), 2);
    par::region([](context& here) {
        EXPECT_EQ(par::join(here, one, two), std::tuple(1, 2));
        par::scope(here, fork_some);
    });
    EXPECT_EQ(calls.load(), 7);
}

TEST_F(plain_functions, in_loops) {
    par::for_each_index(3, call_for);
    par::for_each_index(3, call_with_context);
    par::for_each_block(1, call_for_both);
    par::for_each_index_2d(2, 3, call_for_both);
    EXPECT_EQ(calls.load(), 13);
    par::for_each(numbers, increase);
    EXPECT_EQ(numbers, (ints{4, 2, 3}));
    par::transform(numbers, numbers.begin(), negative);
    EXPECT_EQ(numbers, (ints{-4, -2, -3}));
    par::transform(numbers, other, numbers.begin(), sum);
    EXPECT_EQ(numbers, (ints{-3, -1, -2}));
}

TEST_F(plain_functions, in_questions_and_sums) {
    EXPECT_EQ(par::reduce(numbers, 1, sum), 7);
    EXPECT_EQ(par::transform_reduce(numbers, 1, sum, negative), -5);
    EXPECT_EQ(par::deterministic::transform_reduce(numbers, 1, sum, negative), -5);
    EXPECT_EQ(par::count_if(numbers, odd), 2);
    EXPECT_EQ(par::find_if(numbers, odd), numbers.begin());
    EXPECT_TRUE(par::any_of(numbers, odd) && !par::all_of(numbers, odd));
    EXPECT_FALSE(par::none_of(numbers, odd) || par::equal(numbers, other, same));
    EXPECT_EQ(par::mismatch(numbers, other, same).in1, numbers.begin());
    EXPECT_EQ(*par::min_element(numbers, less), 1);
    EXPECT_EQ(*par::max_element(numbers, less), 3);
    EXPECT_EQ(*par::minmax_element(numbers, less).max, 3);
}

TEST_F(plain_functions, in_scans_and_selections) {
    par::inclusive_scan(numbers, other.begin(), sum);
    EXPECT_EQ(other, (ints{3, 4, 6}));
    par::exclusive_scan(numbers, other.begin(), 0, sum);
    EXPECT_EQ(other, (ints{0, 3, 4}));
    par::deterministic::inclusive_scan(numbers, other.begin(), sum);
    EXPECT_EQ(other, (ints{3, 4, 6}));
    par::copy_if(numbers, other.begin(), odd);
    EXPECT_EQ(other, (ints{3, 1, 6}));
    par::stable_partition(other, odd);
    EXPECT_EQ(other, (ints{3, 1, 6}));
    par::remove_if(other, odd);
    EXPECT_EQ(other.front(), 6);
}

TEST_F(plain_functions, in_sorts_and_tables) {
    par::sort_by_key(numbers, other, less);
    EXPECT_EQ(numbers, (ints{1, 2, 3}));
    par::sort(numbers, less, negative);
    EXPECT_EQ(numbers, (ints{3, 2, 1}));
    par::stable_sort(numbers, less);
    ints merged(6);
    par::merge(numbers, other, merged.begin(), less);
    EXPECT_EQ(merged, (ints{1, 1, 1, 1, 2, 3}));
    EXPECT_EQ(par::histogram(numbers, 2, bucket), (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(par::group_by(numbers, odd).size(), 2U);
}

int left = 0;
std::optional<int> next() { return left == 0 ? std::nullopt : std::optional(left--); }

TEST_F(plain_functions, in_pipelines) {
    left = 5;
    int total = 0;
    par::pipeline(2, par::stage(par::serial_in_order, next), par::stage(par::parallel, negative),
                  par::stage(par::serial_in_order, [&](int n) { total += n; }));
    EXPECT_EQ(total, -15);
}

}  // namespace
