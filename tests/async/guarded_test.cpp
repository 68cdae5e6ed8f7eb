#include <twill/async/guarded.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::task;

TEST(guarded, gives_the_value_to_one_at_a_time) {
    run([]() -> task<> {
        twill::guarded<std::string> text("ab");
        auto held = co_await text.lock();
        *held += 'c';
        EXPECT_EQ(held->size(), 3U);
        EXPECT_FALSE(text.try_lock());
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, text.lock())));
        held.unlock();
        const auto again = text.try_lock();
        EXPECT_TRUE(again);
        EXPECT_EQ(*again, "abc");
        EXPECT_THROW(static_cast<void>(text.lock_blocking()), twill::usage_error);
    });
}

TEST(guarded, cut_anywhere_leaves_it_free) {
    cancel_everywhere([]() -> task<> {
        twill::guarded<int> value(0);
        const bool cut =
            co_await throws<twill::cancelled>(twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 3; ++i)
                    s.spawn([&]() -> task<> {
                        const auto held = co_await value.lock();
                        co_await twill::yield();
                        ++*held;
                    });
                co_return;
            }));
        const auto held = value.try_lock();
        EXPECT_TRUE(held);
        if (cut) throw twill::cancelled();
        EXPECT_EQ(*held, 3);
    });
}

TEST(guarded, serves_tasks_threads_and_workers) {
    static constexpr int each = 1'000;
    twill::guarded<int> value(0);
    const crowd_size size;
    crowd(
        size,
        [&](int) -> task<> {
            for (int i = 0; i < each; ++i) ++*co_await value.lock();
        },
        [&](int) {
            for (int i = 0; i < each; ++i) ++*value.lock_blocking();
        });
    EXPECT_EQ(*value.lock_blocking(), all_of(size) * each);
}

}  // namespace
