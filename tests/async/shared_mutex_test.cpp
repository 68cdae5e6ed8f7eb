#include <twill/async/shared_mutex.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/runtime/runtime.hpp>

#include "crowd.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace twill_test;
using twill::run;
using twill::task;

TEST(shared_mutex, readers_share_and_writers_do_not) {
    twill::shared_mutex m;
    {
        const auto one = m.lock_shared_blocking();
        const auto two = m.try_lock_shared();
        EXPECT_TRUE(two);
        EXPECT_FALSE(m.try_lock());
    }
    const auto writer = m.lock_blocking();
    EXPECT_FALSE(m.try_lock());
    EXPECT_FALSE(m.try_lock_shared());
}

TEST(shared_mutex, waiting_writer_is_not_overtaken_by_readers) {
    run({.event_threads = 1}, []() -> task<> {
        twill::shared_mutex m;
        std::string order;
        auto reading = co_await m.lock_shared();
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                const auto hold = co_await m.lock();
                order += 'w';
                co_await twill::yield();
            });
            for (int i = 0; i < 2; ++i)
                s.spawn([&]() -> task<> {
                    const auto hold = co_await m.lock_shared();
                    order += 'r';
                });
            co_await twill::yield();
            EXPECT_EQ(order, "");
            reading.unlock();
        });
        EXPECT_EQ(order, "wrr");
    });
}

TEST(shared_mutex, cut_anywhere_leaves_it_free) {
    cancel_everywhere([]() -> task<> {
        twill::shared_mutex m;
        const bool cut =
            co_await throws<twill::cancelled>(twill::scope([&](twill::scope_ref s) -> task<> {
                for (int i = 0; i < 2; ++i) {
                    s.spawn([&]() -> task<> {
                        const auto mine = co_await m.lock();
                        co_await twill::yield();
                    });
                    s.spawn([&]() -> task<> {
                        const auto mine = co_await m.lock_shared();
                        co_await twill::yield();
                    });
                }
                co_return;
            }));
        EXPECT_TRUE(m.try_lock());
        if (cut) throw twill::cancelled();
    });
}

TEST(shared_mutex, orders_tasks_threads_and_workers) {
    static constexpr int each = 1'000;
    twill::shared_mutex m;
    int first = 0;
    int second = 0;  // equal to the first whenever nobody writes
    twill::atomic<bool> torn{false};
    const crowd_size size;
    const auto write = [&] {
        ++first;
        ++second;
    };
    const auto read = [&] {
        if (first != second) torn = true;
    };
    crowd(
        size,
        [&](int) -> task<> {
            for (int i = 0; i < each; ++i) {
                {
                    const auto hold = co_await m.lock_shared();
                    read();
                }
                const auto hold = co_await m.lock();
                write();
            }
        },
        [&](int) {
            for (int i = 0; i < each; ++i) {
                {
                    const auto hold = m.lock_shared_blocking();
                    read();
                }
                const auto hold = m.lock_blocking();
                write();
            }
        });
    EXPECT_FALSE(torn.load());
    EXPECT_EQ(first, all_of(size) * each);
}

}  // namespace
