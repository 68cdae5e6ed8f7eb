#include <twill/par/deterministic.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
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
namespace fixed = twill::par::deterministic;

// Of very different size, so that any other order of additions shows.
std::vector<double> rough(std::size_t count) {
    auto made = numbers<double>(count, 1U << 30);
    for (std::size_t i = 0; i != count; ++i)
        made[i] = std::ldexp(made[i], static_cast<int>(i * 7 % 61) - 30) * (i % 3 == 0 ? -1 : 1);
    return made;
}

// As `rough`, slow: the work is split, and elsewhere each time.
double slow(double x) {
    churn(40);
    return x;
}

TEST(deterministic, sums_are_the_same_to_the_last_bit_with_any_number_of_workers) {
    for (const std::size_t size : {1U, 16U, 1'023U, 1'025U, 5'000U, 40'001U}) {
        const auto in = rough(size);
        double first = 0;
        for (const unsigned workers : {1U, 2U, 3U, 4U, 4U}) {
            pool_of test(workers);
            const double sum = fixed::transform_reduce(in, 0.5, std::plus<>(), slow);
            if (workers == 1)
                first = sum;
            else
                EXPECT_EQ(sum, first) << size << " elements, " << workers << " workers";
            EXPECT_EQ(fixed::reduce(in, 0.5), first);
        }
    }
}

TEST(deterministic, scans_are_the_same_to_the_last_bit_with_any_number_of_workers) {
    const auto add = [](double a, double b) {
        churn(40);
        return a + b;
    };
    for (const std::size_t size : {1U, 1'025U, 20'011U}) {
        const auto in = rough(size);
        std::vector<double> first[3];
        for (const unsigned workers : {1U, 2U, 4U, 4U}) {
            pool_of test(workers);
            std::vector<double> out[3] = {in, in, in};
            fixed::inclusive_scan(in, out[0].begin(), add, 0.25);
            fixed::exclusive_scan(out[1], out[1].begin(), 0.25, add);
            fixed::inclusive_scan(out[2], out[2].begin());
            for (int i = 0; i < 3; ++i) {
                if (workers == 1) first[i] = out[i];
                EXPECT_EQ(out[i], first[i]) << size << " elements, " << workers << " workers";
            }
        }
    }
}

TEST(deterministic, results_are_those_of_the_standard_where_nothing_is_rounded) {
    pool_of test(4);
    for (const std::size_t size : par_test::sizes) {
        const auto in = numbers<double>(size, 1'000);
        EXPECT_EQ(fixed::reduce(in, 3.0), std::accumulate(in.begin(), in.end(), 3.0));
        std::vector<double> out(size);
        std::vector<double> expected(size);
        std::inclusive_scan(in.begin(), in.end(), expected.begin());
        fixed::inclusive_scan(in, out.begin());
        EXPECT_EQ(out, expected) << size;
        std::exclusive_scan(in.begin(), in.end(), expected.begin(), 3.0);
        fixed::exclusive_scan(in, out.begin(), 3.0);
        EXPECT_EQ(out, expected) << size;
    }
}

TEST(deterministic, keeps_the_order_of_the_elements) {
    pool_of test(4);
    std::vector<std::string> in;
    for (int i = 0; i < 2'000; ++i) in.push_back(std::to_string(i));
    EXPECT_EQ(fixed::reduce(in, std::string("=")),
              std::accumulate(in.begin(), in.end(), std::string("=")));
}

TEST(deterministic, passes_on_what_a_function_throws) {
    pool_of test(4);
    const auto in = numbers<int>(3'000, 10);
    for (const std::size_t bad : {0U, 1U, 1'500U, 2'999U})
        EXPECT_THROW(
            static_cast<void>(fixed::transform_reduce(in, 0, std::plus<>(),
                                                      [&](const int& n) {
                                                          churn(100);
                                                          if (&n == &in[bad])
                                                              throw std::runtime_error("bad");
                                                          return n;
                                                      })),
            std::runtime_error);
}

}  // namespace
