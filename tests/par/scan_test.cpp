#include <twill/par/scan.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <numeric>
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

TEST(scan, of_numbers_agrees_with_the_standard) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<double>(size, 1'000);
        std::vector<double> out(size);
        std::vector<double> expected(size);
        std::inclusive_scan(in.begin(), in.end(), expected.begin());
        EXPECT_EQ(par::inclusive_scan(in, out.begin()), out.end());
        EXPECT_EQ(out, expected) << size;
        std::exclusive_scan(in.begin(), in.end(), expected.begin(), 7.0);
        EXPECT_EQ(par::exclusive_scan(in.begin(), in.end(), out.begin(), 7.0), out.end());
        EXPECT_EQ(out, expected) << size;
        std::inclusive_scan(in.begin(), in.end(), expected.begin(), std::plus<>(), 7.0);
        par::inclusive_scan(in.begin(), in.end(), out.begin(), std::plus<>(), 7.0);
        EXPECT_EQ(out, expected) << size;
    }
}

TEST(scan, may_write_where_it_reads) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        auto all = numbers<std::int64_t>(size, 1'000);
        std::vector<std::int64_t> expected(size);
        std::exclusive_scan(all.begin(), all.end(), expected.begin(), std::int64_t{3});
        par::exclusive_scan(all, all.begin(), std::int64_t{3});
        EXPECT_EQ(all, expected) << size;
        std::inclusive_scan(expected.begin(), expected.end(), expected.begin());
        par::inclusive_scan(all, all.begin());
        EXPECT_EQ(all, expected) << size;
    }
}

// Affine maps x -> a x + b: composing them is associative, and not commutative.
struct affine {
    std::uint64_t a;
    std::uint64_t b;
    bool operator==(const affine&) const = default;
};

affine then(const affine& f, const affine& g) {
    churn(60);
    return {g.a * f.a, g.a * f.b + g.b};
}

TEST(scan, keeps_the_order_of_an_operation_that_does_not_commute) {
    for (const unsigned workers : {1U, 2U, 4U}) {
        pool_of test(workers);
        for (const std::size_t size : {1U, 63U, 64U, 1'009U, 30'011U}) {
            const auto seeds = numbers<std::uint64_t>(size, 1U << 30, workers);
            std::deque<affine> in;
            for (const auto s : seeds) in.push_back({s | 1, s / 3});
            std::vector<affine> out(size);
            std::vector<affine> expected(size);
            std::inclusive_scan(in.begin(), in.end(), expected.begin(), then);
            par::inclusive_scan(in, out.begin(), then);
            EXPECT_EQ(out, expected) << size;
            std::exclusive_scan(in.begin(), in.end(), expected.begin(), affine{3, 4}, then);
            par::exclusive_scan(in, out.begin(), affine{3, 4}, then);
            EXPECT_EQ(out, expected) << size;
        }
    }
}

TEST(scan, of_strings_with_a_wider_sum_than_the_elements) {
    pool_of test(3);
    const std::vector<std::string> in(300, "x");
    std::vector<std::string> out(in.size());
    par::inclusive_scan(in, out.begin());
    EXPECT_EQ(out.back(), std::string(300, 'x'));
    const std::vector<std::uint8_t> sizes(1'000, 200);
    std::vector<long> offsets(sizes.size());
    par::exclusive_scan(sizes, offsets.begin(), 0L);
    EXPECT_EQ(offsets.back(), 999 * 200);
}

TEST(scan, passes_on_what_the_operation_throws_wherever_it_does) {
    pool_of test(4);
    std::vector<int> in(3'000, 1);
    std::vector<int> out(in.size());
    for (const std::size_t bad : {1U, 2U, 100U, 1'500U, 2'999U}) {
        in[bad] = -1;
        EXPECT_THROW(par::inclusive_scan(in, out.begin(),
                                         [](int a, int b) {
                                             churn(100);
                                             if (b == -1) throw std::runtime_error("bad");
                                             return a < b ? b : a;
                                         }),
                     std::runtime_error);
        in[bad] = 1;
    }
}

TEST(scan, stops_when_its_region_is_asked_to) {
    twill::compute_pool pool({.workers = 3});
    std::vector<int> in(100'000, 1);
    twill::atomic<bool> runs{false};
    par_test::test_region work([&](par::context& here) {
        par::inclusive_scan(here, in, in.begin(), [&](int a, int b) {
            runs.store(true, std::memory_order_relaxed);
            churn(10'000);
            return a + b;
        });
    });
    pool.submit(work);
    par_test::wait_without_beat([&] { return runs.load(); });
    work.request_stop();
    work.wait();
    EXPECT_TRUE(work.was_cancelled());
}

}  // namespace
