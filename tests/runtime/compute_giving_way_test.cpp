// Loops while the program serves I/O. The event thread is played by the test.
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/reduce.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using twill::compute_pool;
using twill::detail::io_activity;

void spin(twill::duration length) {
    for (const auto until = twill::after(twill::now(), length); twill::now() < until;) {
    }
}

// An event thread that turns now and then.
class server {
public:
    explicit server(io_activity& io)
        : thread_([&io](const std::stop_token& end) {
              while (!end.stop_requested()) {
                  io.turned(true);
                  std::this_thread::yield();
              }
          }) {
        while (!io.serving.load()) std::this_thread::yield();
    }

private:
    std::jthread thread_;
};

class GivingWayLoops : public ::testing::Test {
protected:
    io_activity io_;
    compute_pool pool_{{.workers = 4, .gives_way_to = &io_}};
    compute_pool::membership here_{pool_};
    server serves_{io_};
};

TEST_F(GivingWayLoops, VisitEachIndexOnce) {
    for (const std::size_t size : {0UL, 1UL, 2UL, 15UL, 16UL, 17UL, 1000UL, 100'003UL}) {
        std::vector<std::atomic<int>> visits(size);
        twill::par::for_each_index(size, [&](std::size_t i) { ++visits[i]; });
        for (const auto& each : visits) ASSERT_EQ(each, 1);
    }
}

TEST_F(GivingWayLoops, ShareTheirIterations) {
    std::vector<std::atomic<int>> visits(400);
    twill::par::for_each_index(visits.size(), [&](std::size_t i) {
        spin(50us);
        ++visits[i];
    });
    for (const auto& each : visits) ASSERT_EQ(each, 1);
}

TEST_F(GivingWayLoops, ThatForkGiveTheSerialResult) {
    std::vector<long> numbers(3000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<long>(i);
    const long sum = twill::par::transform_reduce(
        numbers, 0L, std::plus<>(), [](twill::par::context& here, long n) {
            auto [a, b] = twill::par::join(here, [=] { return n; }, [=] { return 2 * n; });
            return a + b;
        });
    EXPECT_EQ(sum, 3 * 2999L * 3000 / 2);
}

TEST_F(GivingWayLoops, PassExceptionsOn) {
    EXPECT_THROW(twill::par::for_each_index(1000,
                                            [](std::size_t i) {
                                                if (i == 777) throw std::runtime_error("777");
                                            }),
                 std::runtime_error);
}

// Otherwise a program that served I/O once would pay for it as long as it runs.
TEST(GivingWay, EndsWhenNobodyServesAnyMore) {
    io_activity io;
    compute_pool pool({.workers = 2, .gives_way_to = &io});
    const compute_pool::membership here(pool);
    io.turned(true);
    ASSERT_TRUE(io.serving.load());
    const auto begin = twill::now();
    twill::par::for_each_index(1'000'000, [&](std::size_t) {
        if (io.serving.load() && twill::now() < twill::after(begin, 10s)) spin(100us);
    });
    EXPECT_FALSE(io.serving.load());
    EXPECT_GE(twill::now() - begin, 100ms);
}

TEST(GivingWay, DoesNotLookAtTheClockWhereNoIoIsServed) {
    io_activity io;
    compute_pool pool({.workers = 2, .gives_way_to = &io});
    const compute_pool::membership here(pool);
    bool gives_way = false;
    twill::par::for_each_index(100, [&](twill::par::context& c, std::size_t) {
        if (c.gives_way()) gives_way = true;
    });
    EXPECT_FALSE(gives_way);
}

}  // namespace
