// compute_parker: no wake-up is lost, and what the waker did before is seen.
#include <explore/model/model.hpp>
#include <runtime/compute_parker.hpp>

#include <gtest/gtest.h>

namespace model = twill::explore::model;
using twill::detail::compute_parker;

namespace {

// One thread waits for news from another, which come in two parts. For the second it looks as all
// callers of `park` do: two tokens may have become one.
void news() {
    compute_parker parker;
    twill::atomic<bool> second{false};
    int data = 0;
    model::thread other([&] {
        data = 1;
        parker.unpark();
        second.store(true, std::memory_order_relaxed);
        parker.unpark();
    });
    parker.park();
    model::check(data == 1, "what was done before is seen");
    while (!second.load(std::memory_order_relaxed)) parker.park();
}

TEST(parker, loses_no_news) {
    const auto result = model::explore({}, news);
    EXPECT_TRUE(result.passed()) << result.report();
    EXPECT_TRUE(result.complete) << result.report();
}

TEST(parker, every_order_is_needed) {
    const auto right = model::explore({}, news);
    EXPECT_EQ(model::unnoticed({}, model::weaker_orders(right.sites), news),
              std::vector<std::string>{});
}

TEST(parker, mutants_are_found) {
    using enum model::change::kind;
    const auto right = model::explore({}, news);
    const std::vector<model::change> mutants{
        change_at(right.sites, "compute_parker::unpark exchange", tear),
        change_at(right.sites, "compute_parker::unpark notify", omit),
        change_at(right.sites, "compute_parker::park wait", sleep_blind),
        change_at(right.sites, "compute_parker::park exchange", omit),
    };
    EXPECT_EQ(model::unnoticed({}, mutants, news), std::vector<std::string>{});
}

}  // namespace
