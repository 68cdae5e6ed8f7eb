// Parallel work while the program serves I/O. But for the last two tests, the event thread is
// played by the test.
#include <twill/core/event.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/pipe.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/par/reduce.hpp>
#include <twill/par/scope.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/io_activity.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "par/fixtures.hpp"

namespace {

using namespace std::chrono_literals;
using par_test::held_ticker;
using par_test::spin;
using par_test::test_region;
using par_test::wait_without_beat;
using twill::compute_pool;
using twill::task;
using twill::detail::io_activity;
using twill::par::context;

constexpr std::size_t for_ever = std::size_t{1} << 60;

// An event thread that turns all the time.
class server {
public:
    explicit server(io_activity& io)
        : thread_([&io](const std::stop_token& end) {
              twill::time_point since = twill::now();
              while (!end.stop_requested()) {
                  io.turned(true);
                  const twill::time_point at = twill::now();
                  io.ran(at - std::exchange(since, at));
                  std::this_thread::yield();
              }
          }) {
        wait_without_beat([&] { return io.serves(); });
    }

private:
    std::jthread thread_;
};

class ComputeGivesWay : public ::testing::Test {
protected:
    io_activity io_;
    compute_pool pool_{{.workers = 4, .gives_way_to = &io_}};
    compute_pool::membership here_{pool_};
    server serves_{io_};
};

// Counts the times that a thread gave way.
struct yields final : twill::event_sink {
    void record(const twill::event& what) noexcept override {
        if (what.kind == twill::event_kind::give_way) count.fetch_add(1);
    }
    twill::atomic<int> count{0};
};

class ComputeYields : public ComputeGivesWay {
protected:
    ComputeYields() { twill::set_event_sink(&sink()); }
    ~ComputeYields() override { twill::set_event_sink(nullptr); }

    // One for all tests: it outlives the threads that may still be inside `record`.
    static yields& sink() {
        static yields one;
        return one;
    }
    // More than the few pokes between workers could bring; gives up after ten seconds.
    static constexpr int wanted = 50;
    bool enough() const {
        return sink().count.load() >= before_ + wanted || twill::now() > twill::after(begin_, 10s);
    }
    void expect_enough() const { EXPECT_GE(sink().count.load(), before_ + wanted); }

    const int before_ = sink().count.load();
    const twill::time_point begin_ = twill::now();
};

TEST_F(ComputeYields, BetweenIterations) {
    const held_ticker no_beats;
    twill::par::for_each_index(1'000'000, [&](std::size_t) {
        if (!enough()) spin(20us);
    });
    expect_enough();
}

TEST_F(ComputeYields, BetweenIterationsThatMayFork) {
    const held_ticker no_beats;
    twill::par::for_each_index(1'000'000, [&](context&, std::size_t) {
        if (!enough()) spin(20us);
    });
    expect_enough();
}

TEST_F(ComputeYields, BetweenTheCallsOfAScope) {
    const held_ticker no_beats;
    while (!enough())
        twill::par::scope([&](twill::par::fork_scope& s) {
            for (int i = 0; i < 100; ++i) s.fork([] { spin(20us); });
        });
    expect_enough();
}

TEST_F(ComputeYields, AtTheBeatsOfForks) {
    twill::par::region([&](context& here) {
        while (!enough()) twill::par::join(here, [] {}, [] {});
    });
    expect_enough();
}

TEST_F(ComputeGivesWay, AndALoopVisitsEachIndexOnce) {
    for (const std::size_t size : {0UL, 1UL, 2UL, 15UL, 16UL, 17UL, 1000UL, 100'003UL}) {
        std::vector<twill::atomic<int>> visits(size);
        twill::par::for_each_index(size, [&](std::size_t i) { visits[i].fetch_add(1); });
        for (const auto& each : visits) ASSERT_EQ(each.load(), 1);
    }
}

TEST_F(ComputeGivesWay, AndALoopIsSharedWithoutLoss) {
    std::vector<twill::atomic<int>> visits(400);
    twill::par::for_each_index(visits.size(), [&](std::size_t i) {
        spin(50us);
        visits[i].fetch_add(1);
    });
    for (const auto& each : visits) ASSERT_EQ(each.load(), 1);
}

TEST_F(ComputeGivesWay, AndIterationsThatForkGiveTheSerialResult) {
    std::vector<long> numbers(3000);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<long>(i);
    const long sum =
        twill::par::transform_reduce(numbers, 0L, std::plus<>(), [](context& here, long n) {
            auto [a, b] = twill::par::join(here, [=] { return n; }, [=] { return 2 * n; });
            return a + b;
        });
    EXPECT_EQ(sum, 3 * 2999L * 3000 / 2);
}

TEST_F(ComputeGivesWay, AndExceptionsArrive) {
    const auto fails = [](std::size_t i) {
        if (i == 777) throw std::runtime_error("777");
    };
    EXPECT_THROW(twill::par::for_each_index(1000, fails), std::runtime_error);
    EXPECT_THROW(twill::par::for_each_index(1000, [&](context&, std::size_t i) { fails(i); }),
                 std::runtime_error);
}

TEST_F(ComputeGivesWay, AndLoopsCanBeStopped) {
    const auto stops = [&](auto loop) {
        twill::atomic<bool> runs{false};
        test_region work([&](context& here) { loop(here, runs); });
        pool_.submit(work);
        EXPECT_TRUE(wait_without_beat([&] { return runs.load(); }));
        work.request_stop();
        work.wait();
        EXPECT_TRUE(work.was_cancelled());
    };
    stops([](context& here, auto& runs) {
        twill::par::for_each_index(here, for_ever, [&](std::size_t) { runs.store(true); });
    });
    stops([](context& here, auto& runs) {
        twill::par::for_each_index(here, for_ever,
                                   [&](context&, std::size_t) { runs.store(true); });
    });
}

// Otherwise a program that served I/O once would pay for it as long as it runs.
TEST(ComputeGivingWay, EndsWhenNobodyServesAnyMore) {
    io_activity io;
    compute_pool pool({.workers = 2, .gives_way_to = &io});
    const compute_pool::membership here(pool);
    io.turned(true);
    ASSERT_TRUE(io.serves());
    const auto begin = twill::now();
    twill::par::for_each_index(1'000'000, [&](std::size_t) {
        if (io.serves() && twill::now() < twill::after(begin, 10s)) spin(100us);
    });
    EXPECT_FALSE(io.serves());
    EXPECT_GE(twill::now() - begin, 100ms);
}

TEST(ComputeGivingWay, DoesNotBeginWhereNoIoIsServed) {
    io_activity io;
    compute_pool pool({.workers = 2, .gives_way_to = &io});
    const compute_pool::membership here(pool);
    EXPECT_FALSE(twill::par::region([](context& c) { return c.gives_way(); }));
    io.turned(false);
    EXPECT_FALSE(twill::par::region([](context& c) { return c.gives_way(); }));
    io.turned(true);
    EXPECT_TRUE(twill::par::region([](context& c) { return c.gives_way(); }));
}

// Whether parallel work gives way in a program that has just waited for I/O.
bool gives_way_after_io(twill::lanes lanes) {
    return twill::run({.lanes = lanes}, []() -> task<bool> {
        auto ends = twill::make_pipe();
        std::array<std::byte, 1> byte{};
        auto read = [&]() -> task<> { co_await ends.reader.read_some(byte); };
        auto write = [&]() -> task<> { co_await ends.writer.write_all("x"); };
        co_await twill::when_all(read(), write());
        co_return co_await twill::compute([](context& c) { return c.gives_way(); });
    });
}

TEST(ComputeGivingWay, IsOnInARuntimeThatServesIo) {
    EXPECT_TRUE(gives_way_after_io(twill::lanes::give_way));
}

TEST(ComputeGivingWay, IsOffWithoutLanes) { EXPECT_FALSE(gives_way_after_io(twill::lanes::none)); }

}  // namespace
