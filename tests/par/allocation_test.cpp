// An allocation that fails, each one in turn: nothing is lost, nothing hangs, and what was thrown
// is std::bad_alloc. Replaces operator new in all of this program: the thread sanitizer, whose own
// would be defined twice, does without.
#include <twill/core/config.hpp>

#ifndef TWILL_TSAN

#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>
#include <twill/par/merge.hpp>
#include <twill/par/partition.hpp>
#include <twill/par/pipeline.hpp>
#include <twill/par/scope.hpp>
#include <twill/par/sort.hpp>
#include <twill/par/sort_by_key.hpp>
#include <twill/par/stable_sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <new>
#include <optional>
#include <vector>

#include "par/fixtures.hpp"
#include "par/numbers.hpp"
#include "support/live.hpp"

namespace {

twill::atomic<long> alive{0};
twill::atomic<long> until_failure{-1};  // negative: none fails, or the one that should has
twill::atomic<bool> has_failed{false};

void* allocate(std::size_t size, std::size_t alignment) {
    if (until_failure.load(std::memory_order_relaxed) >= 0 && until_failure.fetch_sub(1) == 0) {
        has_failed.store(true);
        throw std::bad_alloc();
    }
    const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment;
    void* const memory = std::aligned_alloc(alignment, rounded * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    alive.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

void release(void* memory) noexcept {
    if (memory != nullptr) alive.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

void* allocate_or_null(std::size_t size, std::size_t alignment) noexcept {
    try {
        return allocate(size, alignment);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

constexpr std::size_t usual = alignof(std::max_align_t);
constexpr std::size_t number(std::align_val_t alignment) {
    return static_cast<std::size_t>(alignment);
}

}  // namespace

// All of them: the sanitizers have their own of those that are left out.
using std::align_val_t;
using std::nothrow_t;
using std::size_t;
void* operator new(size_t n) { return allocate(n, usual); }
void* operator new[](size_t n) { return allocate(n, usual); }
void* operator new(size_t n, align_val_t a) { return allocate(n, number(a)); }
void* operator new[](size_t n, align_val_t a) { return allocate(n, number(a)); }
void* operator new(size_t n, const nothrow_t&) noexcept { return allocate_or_null(n, usual); }
void* operator new[](size_t n, const nothrow_t&) noexcept { return allocate_or_null(n, usual); }
void* operator new(size_t n, align_val_t a, const nothrow_t&) noexcept {
    return allocate_or_null(n, number(a));
}
void* operator new[](size_t n, align_val_t a, const nothrow_t&) noexcept {
    return allocate_or_null(n, number(a));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, size_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t) noexcept { release(memory); }
void operator delete(void* memory, align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, align_val_t) noexcept { release(memory); }
void operator delete(void* memory, size_t, align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t, align_val_t) noexcept { release(memory); }
void operator delete(void* memory, const nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, const nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, align_val_t, const nothrow_t&) noexcept { release(memory); }
void operator delete[](void* memory, align_val_t, const nothrow_t&) noexcept { release(memory); }

namespace {

using par_test::numbers;
using par_test::pool_of;
using par_test::test_region;
using par_test::wait_without_beat;
namespace par = twill::par;

constexpr std::size_t size = 20'011;

// All threads that it will ever have were started: a thread that is refused memory is no failure.
struct full_pool : pool_of {
    full_pool() : pool_of(4, 4) {
        twill::atomic<int> begun{0};
        const auto meet = [&] {
            begun.fetch_add(1);
            wait_without_beat([&] { return begun.load() == 4; });
        };
        std::deque<test_region<decltype(meet)>> regions;
        for (int i = 0; i != 4; ++i) pool.submit(regions.emplace_back(meet));
        for (auto& each : regions) each.wait();
    }
};

enum class failure { is_thrown, may_be_borne };

// Calls `call(input)` with a fresh input until no allocation fails; the n-th fails in the n-th
// call. Then `check(input, whether it threw)`. Gives how many failed.
template <class Make, class Call, class Check>
int fail_each_allocation(failure expected, Make&& make, Call&& call, Check&& check) {
    const full_pool test;
    for (int n = 0;; ++n) {
        SCOPED_TRACE(n);
        auto input = make();
        const int objects = twill_test::live::count.load();
        const long before = alive.load();
        bool threw = false;
        has_failed.store(false);
        until_failure.store(n);
        try {
            call(input);
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        until_failure.store(-1);
        EXPECT_EQ(alive.load(), before) << "allocations are left";
        EXPECT_EQ(twill_test::live::count.load(), objects) << "objects are left";
        if (expected == failure::is_thrown) EXPECT_EQ(threw, has_failed.load());
        check(input, threw);
        if (testing::Test::HasFailure() || !has_failed.load()) return n;
    }
}

struct element {
    int key = 0;
    int place = 0;
    twill_test::live counted;
};
const auto by_key = [](const element& a, const element& b) { return a.key < b.key; };

std::vector<element> elements() {
    const auto keys = numbers<int>(size, 1'000);
    std::vector<element> made(size);
    for (std::size_t i = 0; i != size; ++i) {
        made[i].key = keys[i];
        made[i].place = static_cast<int>(i);
    }
    return made;
}

// The elements of `elements()`, in any order.
void expect_permutation(const std::vector<element>& all) {
    const auto original = elements();
    std::vector<bool> seen(size);
    ASSERT_EQ(all.size(), size);
    for (const element& each : all) {
        const auto place = static_cast<std::size_t>(each.place);
        ASSERT_TRUE(place < size && !seen[place] && original[place].key == each.key);
        seen[place] = true;
    }
}

TEST(failed_allocation, in_stable_sort_leaves_a_permutation) {
    const int failed = fail_each_allocation(
        failure::is_thrown, elements, [](auto& all) { par::stable_sort(all, {}, &element::key); },
        [](auto& all, bool threw) {
            expect_permutation(all);
            if (!threw) EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), by_key));
        });
    EXPECT_GT(failed, 0);
}

TEST(failed_allocation, in_sort_makes_it_slower) {
    fail_each_allocation(
        failure::may_be_borne, elements, [](auto& all) { par::sort(all, by_key); },
        [](auto& all, bool threw) {
            EXPECT_FALSE(threw);
            expect_permutation(all);
            EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), by_key));
        });
    fail_each_allocation(
        failure::may_be_borne, [] { return numbers<std::uint64_t>(300'007, 1U << 30); },
        [](auto& all) { par::sort(all); },
        [](auto& all, bool threw) {
            EXPECT_FALSE(threw);
            EXPECT_TRUE(std::ranges::is_sorted(all));
        });
}

TEST(failed_allocation, in_partition_leaves_a_permutation) {
    const auto small = [](const element& each) { return each.key < 400; };
    const int failed = fail_each_allocation(
        failure::is_thrown, elements, [&](auto& all) { par::stable_partition(all, small); },
        [&](auto& all, bool threw) {
            expect_permutation(all);
            EXPECT_TRUE(threw || std::is_partitioned(all.begin(), all.end(), small));
        });
    EXPECT_GT(failed, 0);
    fail_each_allocation(
        failure::is_thrown, elements,
        [](auto& all) { par::remove_if(all, [](const element&) { return false; }); },
        [](auto& all, bool) { expect_permutation(all); });
}

TEST(failed_allocation, in_sort_by_key_keeps_the_pairs) {
    struct columns {
        std::vector<int> keys = numbers<int>(size, 100'000);
        std::vector<element> values = elements();
    };
    const auto original = columns();
    const auto check = [&](columns& now, bool threw) {
        expect_permutation(now.values);
        for (std::size_t i = 0; i != size; ++i)
            ASSERT_EQ(now.keys[i], original.keys[static_cast<std::size_t>(now.values[i].place)]);
        EXPECT_TRUE(threw || std::ranges::is_sorted(now.keys));
    };
    const auto make = [] { return columns(); };
    EXPECT_GT(fail_each_allocation(
                  failure::is_thrown, make,
                  [](columns& now) { par::sort_by_key(now.keys, now.values); }, check),
              0);
    const auto less = [](int a, int b) { return a < b; };
    EXPECT_GT(fail_each_allocation(
                  failure::is_thrown, make,
                  [&](columns& now) { par::sort_by_key(now.keys, now.values, less); }, check),
              0);
}

TEST(failed_allocation, in_merge_histogram_and_group_by_leaves_the_input_alone) {
    const auto check = [](auto& all, bool) { expect_permutation(all); };
    const auto last_digit = [](const element& each) { return each.key % 10; };
    fail_each_allocation(
        failure::is_thrown, elements,
        [&](auto& all) { EXPECT_EQ(par::histogram(all, 10, last_digit).size(), 10U); }, check);
    const int failed = fail_each_allocation(
        failure::is_thrown, elements,
        [&](auto& all) { EXPECT_EQ(par::group_by(all, last_digit).size(), 10U); }, check);
    EXPECT_GT(failed, 5);
    struct halves {
        std::vector<int> a = numbers<int>(size, 1);
        std::vector<int> b = numbers<int>(size, 1);
        std::vector<int> out = std::vector<int>(2 * size);
    };
    const int in_merge = fail_each_allocation(
        failure::is_thrown, [] { return halves(); },
        [](halves& each) { par::merge(each.a, each.b, each.out.begin()); }, [](halves&, bool) {});
    EXPECT_EQ(in_merge, 0) << "merge needs no memory";
}

TEST(failed_allocation, in_a_scope_or_a_pipeline_is_thrown_when_all_has_ended) {
    const auto none = [] { return 0; };
    const auto scope = [](int&) {
        par::scope([](par::fork_scope& s) {
            for (int i = 0; i != 300; ++i) s.fork([counted = twill_test::live()] {});
        });
    };
    EXPECT_GT(fail_each_allocation(failure::is_thrown, none, scope, [](int&, bool) {}), 0);
    const auto pipeline = [](int&) {
        int next = 0;
        par::pipeline(
            8,
            par::stage(
                par::serial_in_order,
                [&] { return next == 100 ? std::optional<element>() : element{next++, 0, {}}; }),
            par::stage(par::parallel, [](element each) { return each; }),
            par::stage(par::serial_in_order, [](const element&) {}));
    };
    EXPECT_GT(fail_each_allocation(failure::is_thrown, none, pipeline, [](int&, bool) {}), 0);
}

}  // namespace

#endif
