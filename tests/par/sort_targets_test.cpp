// Sorting numbers on each instruction set that this machine can run, beside the standard's.
#include <twill/par/sort.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "par/fixtures.hpp"
#include "par/kernel_targets.hpp"
#include "par/numbers.hpp"

namespace {

namespace kernels = twill::detail::kernels;

template <class T>
class sorted_on_every_target : public testing::Test {};
using keys =
    testing::Types<std::uint16_t, std::int32_t, std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(sorted_on_every_target, keys);

TYPED_TEST(sorted_on_every_target, as_by_the_standard) {
    const par_test::pool_of four(4);
    auto targets = kernels::runnable_targets();
    if (targets.empty()) targets.push_back(0);
    for (const std::size_t size : {7U, 1'000U, 150'001U}) {
        auto in = par_test::numbers<TypeParam>(size, 60'000);
        if (std::is_signed_v<TypeParam>)
            for (TypeParam& each : in) each = static_cast<TypeParam>(each - 30'000);
        auto expected = in;
        std::ranges::sort(expected);
        for (const std::int64_t target : targets) {
            kernels::use_target(target);
            auto ours = in;
            twill::par::sort(ours);
            EXPECT_TRUE(ours == expected) << size << " on " << target;
            twill::par::sort(ours, std::greater<>());
            EXPECT_TRUE(std::equal(ours.begin(), ours.end(), expected.rbegin()))
                << size << " on " << target << ", descending";
        }
        kernels::use_target(0);
    }
}

}  // namespace
