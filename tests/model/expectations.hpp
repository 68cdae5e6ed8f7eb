// What a model test says of a protocol: it holds, and nothing in it is there for nothing.
#pragma once

#include <explore/model/model.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace model_test {

namespace model = twill::explore::model;
using model::scenario;
using scenarios = std::vector<scenario>;
using names = std::vector<std::string>;

// The address sanitizer watches what the model's own code does; how often it does it does not
// matter then, and each step takes thirty times as long.
#ifdef TWILL_ASAN
inline constexpr bool thorough = false;
#else
inline constexpr bool thorough = true;
#endif

inline constexpr model::settings all{};
inline constexpr model::settings bounded{.how = model::search::bounded};
// For mutants, of which there are many.
inline constexpr model::settings narrow{.how = model::search::bounded, .deviations = 2};

// No run fails, and none is left out.
inline void expect_holds(const scenario& what) {
    model::settings how = what.how;
    if (!thorough) how.runs = std::min<std::uint64_t>(how.runs, 5'000);
    const auto result = model::explore(how, what.body);
    EXPECT_TRUE(result.passed()) << result.report();
    if (how.how == model::search::sample || !thorough) return;
    EXPECT_TRUE(result.complete) << result.report();
}

// Of the orders that the sources called `file` give, those that could be weaker and no scenario
// would notice.
inline names needless_orders(const scenarios& what, std::string_view file) {
    std::vector<model::site> sites = model::sites_of(what);
    std::erase_if(sites, [&](const model::site& each) {
        return std::string_view(each.where.file_name()).find(file) == std::string_view::npos;
    });
    names found = model::unnoticed(what, model::weaker_orders(sites));
    std::sort(found.begin(), found.end());
    return found;
}

// A mutant of a site that is named.
struct mutant {
    const char* site;
    model::change::kind how;
    unsigned which = 0;  // of several sites of that name, by line
    std::uint64_t value = 0;
};
inline names unnoticed(const scenarios& what, const std::vector<mutant>& mutants) {
    const std::vector<model::site> sites = model::sites_of(what);
    std::vector<model::change> changes;
    for (const mutant& each : mutants)
        changes.push_back(model::change_at(sites, each.site, each.how, each.which, each.value));
    return model::unnoticed(what, changes);
}

// Most mutants show in plain data.
#define SKIP_UNLESS_PLAIN_DATA_IS_WATCHED() \
    if (!model::watches_plain_data) GTEST_SKIP() << "the compiler does not tell of plain accesses"

}  // namespace model_test
