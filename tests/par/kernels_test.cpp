// Each kernel on each instruction set that this machine can run, beside the plain loop.
#include <twill/par/detail/kernels.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "par/kernel_targets.hpp"
#include "par/numbers.hpp"

namespace {

namespace kernels = twill::detail::kernels;

constexpr std::size_t lengths[] = {1, 2, 3, 4, 7, 8, 9, 15, 31, 32, 33, 63, 64, 65, 100, 1'001};

template <class T>
class kernel : public testing::Test {
protected:
    // `check` on every instruction set; once if there is only the plain code.
    template <class Check>
    static void on_every_target(Check&& check) {
        const auto targets = kernels::runnable_targets();
        for (const std::int64_t target : targets) {
            SCOPED_TRACE(target);
            kernels::use_target(target);
            check();
        }
        kernels::use_target(0);
        if (targets.empty()) check();
    }

    // Starts off a vector's boundary. Floats are whole numbers, so that sums are exact.
    static std::vector<T> input(std::size_t count, std::uint64_t seed = 1) {
        auto made = par_test::numbers<T>(count + 1, 1'000, seed);
        if (std::is_signed_v<T>)
            for (T& n : made) n = static_cast<T>(n - 500);
        if (std::is_integral_v<T> && seed % 2 == 0)
            for (T& n : made) n = static_cast<T>(static_cast<std::uint64_t>(n) << 22);
        return made;
    }
    static T add(T a, T b) {
        if constexpr (std::is_integral_v<T>)
            return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) +
                                  static_cast<std::make_unsigned_t<T>>(b));
        else
            return a + b;
    }
};

using elements =
    testing::Types<std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, float, double>;
TYPED_TEST_SUITE(kernel, elements);

TYPED_TEST(kernel, sums_scans_and_dot_products_equal_those_of_the_plain_loop) {
    TestFixture::on_every_target([] {
        for (const std::size_t n : lengths)
            for (const std::uint64_t seed : {1U, 2U}) {
                const auto made = TestFixture::input(n, seed);
                const TypeParam* const in = made.data() + 1;
                std::vector<TypeParam> sums(n);
                std::inclusive_scan(in, in + n, sums.begin(), TestFixture::add, TypeParam{5});
                EXPECT_EQ(TestFixture::add(kernels::sum(in, n), 5), sums.back()) << n;
                std::vector<TypeParam> out(n + 1);
                EXPECT_EQ(kernels::inclusive_scan(in, out.data() + 1, n, TypeParam{5}),
                          sums.back());
                EXPECT_TRUE(std::equal(sums.begin(), sums.end(), out.begin() + 1)) << n;
                std::vector<TypeParam> streamed(n + 1);
                EXPECT_EQ(kernels::streaming_scan(in, streamed.data() + 1, n, TypeParam{5}),
                          sums.back());
                EXPECT_EQ(streamed, out);
                auto in_place = made;
                kernels::inclusive_scan(in_place.data() + 1, in_place.data() + 1, n, TypeParam{5});
                EXPECT_TRUE(std::equal(sums.begin(), sums.end(), in_place.begin() + 1)) << n;
                if (seed == 2) continue;
                TypeParam dot{};
                for (std::size_t i = 0; i != n; ++i)
                    dot = TestFixture::add(dot, static_cast<TypeParam>(in[i] * made[i]));
                EXPECT_EQ(kernels::dot(in, made.data(), n), dot) << n;
            }
    });
}

TYPED_TEST(kernel, extremes_equal_those_of_the_plain_loop) {
    TestFixture::on_every_target([] {
        for (const std::size_t n : lengths)
            for (const std::uint64_t seed : {1U, 2U, 3U}) {
                const auto made = TestFixture::input(n, seed);
                const TypeParam* const in = made.data() + 1;
                const auto [low, high] = std::minmax_element(in, in + n);
                EXPECT_EQ(kernels::min(in, n), *low) << n;
                EXPECT_EQ(kernels::max(in, n), *high) << n;
                EXPECT_EQ(kernels::minmax(in, n).least, *low) << n;
                EXPECT_EQ(kernels::minmax(in, n).greatest, *high) << n;
            }
    });
}

TYPED_TEST(kernel, searches_find_each_place_and_count_every_hit) {
    TestFixture::on_every_target([] {
        for (const std::size_t n : lengths) {
            std::vector<TypeParam> in(n, 1);
            EXPECT_EQ(kernels::find(in.data(), n, TypeParam{2}), n);
            EXPECT_EQ(kernels::count(in.data(), n, TypeParam{2}), 0U);
            EXPECT_EQ(kernels::count(in.data(), n, TypeParam{1}), n);
            const std::vector<TypeParam> same(in);
            EXPECT_EQ(kernels::mismatch(in.data(), same.data(), n), n);
            for (std::size_t at = 0; at < n; at += n < 100 ? 1 : 37) {
                in[at] = 2;
                in[n - 1] = 2;
                EXPECT_EQ(kernels::find(in.data(), n, TypeParam{2}), at) << n;
                EXPECT_EQ(kernels::count(in.data(), n, TypeParam{2}), at == n - 1 ? 1U : 2U);
                EXPECT_EQ(kernels::mismatch(in.data(), same.data(), n), at);
                in[at] = 1;
            }
        }
    });
}

TYPED_TEST(kernel, compares_floats_as_the_language_does) {
    if constexpr (std::is_floating_point_v<TypeParam>)
        TestFixture::on_every_target([] {
            constexpr auto nan = std::numeric_limits<TypeParam>::quiet_NaN();
            std::vector<TypeParam> in(100, nan);
            in[70] = TypeParam{-0.0};
            EXPECT_EQ(kernels::find(in.data(), 100, nan), 100U);
            EXPECT_EQ(kernels::find(in.data(), 100, TypeParam{0}), 70U);
            EXPECT_EQ(kernels::count(in.data(), 100, TypeParam{0}), 1U);
            EXPECT_EQ(kernels::mismatch(in.data() + 70, in.data() + 70, 30), 1U);
        });
}

}  // namespace
