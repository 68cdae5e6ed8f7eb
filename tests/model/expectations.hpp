// What a model test says of a protocol: it holds, and nothing in it is there for nothing.
#pragma once

#include <explore/model/model.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace model_test {

namespace model = twill::explore::model;

// The address sanitizer watches what the model's own code does; how often it does it does not
// matter then, and each step takes thirty times as long.
#ifdef TWILL_ASAN
inline constexpr bool thorough = false;
#else
inline constexpr bool thorough = true;
#endif

inline model::settings within_reason(model::settings how) {
    if (!thorough && how.runs > 5'000) how.runs = 5'000;
    return how;
}

// No run fails, and none is left out.
inline void expect_holds(const model::settings& how, const std::function<void()>& body) {
    const auto result = model::explore(within_reason(how), body);
    EXPECT_TRUE(result.passed()) << result.report();
    if (how.how == model::search::sample) return;
    EXPECT_TRUE(result.complete || !thorough) << result.report();
}

// The sites of a protocol, from an exploration of it as it is.
inline std::vector<model::site> sites_of(const model::settings& how,
                                         const std::function<void()>& body) {
    return model::explore(how, body).sites;
}

using model::unnoticed;
using names = std::vector<std::string>;

#define SKIP_UNLESS_PLAIN_DATA_IS_WATCHED() \
    if (!model::watches_plain_data) GTEST_SKIP() << "the compiler does not tell of plain accesses"

}  // namespace model_test
