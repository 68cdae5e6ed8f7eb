// futex_mutex: sections exclude each other and see each other's effects, and no sleeper is
// forgotten.
#include <explore/model/model.hpp>
#include <twill/core/futex_mutex.hpp>

#include <gtest/gtest.h>

#include <mutex>

namespace model = twill::explore::model;
using twill::futex_mutex;

namespace {

// Each thread once through the section; one of them, if it gets in at once.
void three_threads() {
    futex_mutex mutex;
    int count = 0;
    const auto section = [&] {
        std::lock_guard hold(mutex);
        ++count;
    };
    model::thread second(section), third(section);
    bool got_in = false;
    if (mutex.try_lock()) {
        got_in = true;
        ++count;
        mutex.unlock();
    }
    second.join();
    third.join();
    model::check(count == (got_in ? 3 : 2), "each section counted once");
}

constexpr model::settings bounded{.how = model::search::bounded, .preemptions = 3};

TEST(futex_mutex, excludes_and_forgets_nobody) {
    const auto result = model::explore(bounded, three_threads);
    EXPECT_TRUE(result.passed()) << result.report();
    EXPECT_TRUE(result.complete) << result.report();
}

TEST(futex_mutex, every_order_is_needed) {
    const auto right = model::explore(bounded, three_threads);
    EXPECT_EQ(model::unnoticed(bounded, model::weaker_orders(right.sites), three_threads),
              std::vector<std::string>{});
}

TEST(futex_mutex, mutants_are_found) {
    using enum model::change::kind;
    const auto right = model::explore(bounded, three_threads);
    const std::vector<model::change> mutants{
        change_at(right.sites, "futex_mutex::lock compare", tear),
        change_at(right.sites, "futex_mutex::lock_slowly exchange", tear),
        change_at(right.sites, "futex_mutex::lock_slowly exchange", omit),
        change_at(right.sites, "futex_mutex::lock_slowly wait", sleep_blind),
        change_at(right.sites, "futex_mutex::unlock exchange", tear),
        change_at(right.sites, "futex_mutex::wake_one notify", omit),
    };
    EXPECT_EQ(model::unnoticed(bounded, mutants, three_threads), std::vector<std::string>{});
}

}  // namespace
