// The programs of the suite async as one writes them with Asio's coroutines: asio-async THREADS
// NAME ARGUMENTS..., as `twill_bench_async run`.
//
// On one thread they run on an io_context that does without locks, else on a pool with a thread for
// each CPU. Asio has no mutex and no semaphore for coroutines; a channel that holds as many values
// as there are permits is the custom.

#include "common/meter.hpp"

#include <asio.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/experimental/concurrent_channel.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using namespace std::chrono_literals;

// Where coroutines run, what their channels are, and by which clock they are measured.
class one_core {
public:
    using executor = asio::io_context::executor_type;
    template <class T>
    using channel = asio::experimental::channel<void(asio::error_code, T)>;

    [[nodiscard]] executor where() { return context_.get_executor(); }
    void run() {
        context_.run();
        context_.restart();
    }
    static double seconds() { return cpu_seconds(); }

private:
    // The hint lets the scheduler do without locks.
    asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE};
};

class all_cores {
public:
    using executor = asio::io_context::executor_type;
    template <class T>
    using channel = asio::experimental::concurrent_channel<void(asio::error_code, T)>;

    [[nodiscard]] executor where() { return context_.get_executor(); }
    void run() {
        std::vector<std::thread> others;
        for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
            others.emplace_back([&] { context_.run(); });
        context_.run();
        for (std::thread& each : others) each.join();
        context_.restart();
    }
    static double seconds() { return wall_seconds(); }

private:
    asio::io_context context_;
};

void demand(bool right) {
    if (!right) std::abort();
}

template <class On>
double per_operation(double before, long operations) {
    return (On::seconds() - before) * 1e9 / static_cast<double>(operations);
}

template <class On>
struct programs {
    using numbers = typename On::template channel<long>;
    using tokens = typename On::template channel<bool>;

    // A child starts in `run`, after all were made.
    static awaitable<void> child(std::atomic<long>& ended) {
        ended.fetch_add(1, std::memory_order_relaxed);
        co_return;
    }
    static void spawn(long tasks) {
        On on;
        const auto took = time_repeated(On::seconds, [&] {
            std::atomic<long> ended = 0;
            for (long i = 0; i < tasks; ++i) co_spawn(on.where(), child(ended), detached);
            on.run();
            demand(ended == tasks);
        });
        print("cold_ns", took.cold * 1e9 / static_cast<double>(tasks));
        print("warm_ns", took.warm * 1e9 / static_cast<double>(tasks));
    }

    static awaitable<void> ping(numbers& out, numbers& in, long rounds) {
        for (long i = 0; i < rounds; ++i) {
            co_await out.async_send({}, i, use_awaitable);
            demand(co_await in.async_receive(use_awaitable) == i);
        }
        out.close();
    }
    static awaitable<void> pong(numbers& in, numbers& out) {
        for (;;) {
            asio::error_code closed;
            const long number =
                co_await in.async_receive(asio::redirect_error(use_awaitable, closed));
            if (closed) co_return;
            co_await out.async_send({}, number, use_awaitable);
        }
    }
    static void ping_pong(long rounds) {
        On on;
        numbers there(on.where(), 1);
        numbers back(on.where(), 1);
        const double before = On::seconds();
        co_spawn(on.where(), pong(there, back), detached);
        co_spawn(on.where(), ping(there, back, rounds), detached);
        on.run();
        print("ns", per_operation<On>(before, rounds));
    }

    // A channel that is closed loses what it holds: the last sender says to each receiver that all
    // is sent.
    static constexpr long no_more = -1;
    static awaitable<void> sender(numbers& out, long count, std::atomic<long>& senders,
                                  long receivers) {
        for (long i = 0; i < count; ++i) co_await out.async_send({}, 1, use_awaitable);
        if (senders.fetch_sub(1) != 1) co_return;
        for (long i = 0; i < receivers; ++i) co_await out.async_send({}, no_more, use_awaitable);
    }
    static awaitable<void> receiver(numbers& in, std::atomic<long>& sum) {
        long mine = 0;
        for (;;) {
            const long number = co_await in.async_receive(use_awaitable);
            if (number == no_more) break;
            mine += number;
        }
        sum.fetch_add(mine);
    }
    static void channel(long messages, long senders, long receivers) {
        On on;
        numbers through(on.where(), 64);
        std::atomic<long> sending = senders;
        std::atomic<long> sum = 0;
        const double before = On::seconds();
        for (long i = 0; i < receivers; ++i) co_spawn(on.where(), receiver(through, sum), detached);
        for (long i = 0; i < senders; ++i)
            co_spawn(on.where(), sender(through, messages / senders, sending, receivers), detached);
        on.run();
        print("ns", per_operation<On>(before, messages));
        demand(sum == messages / senders * senders);
    }

    static awaitable<void> yield_turns(long turns) {
        const auto executor = co_await asio::this_coro::executor;
        for (long i = 0; i < turns; ++i) co_await asio::post(executor, use_awaitable);
    }
    static void yield(long tasks, long turns) {
        On on;
        const double before = On::seconds();
        for (long i = 0; i < tasks; ++i) co_spawn(on.where(), yield_turns(turns), detached);
        on.run();
        print("ns", per_operation<On>(before, tasks * turns));
    }

    static awaitable<void> skynet_node(On& on, long number, long size, numbers& up) {
        if (size > 1) {
            numbers results(on.where(), 10);
            const long part = size / 10;
            for (long i = 0; i < 10; ++i)
                co_spawn(on.where(), skynet_node(on, number + i * part, part, results), detached);
            number = 0;
            for (long i = 0; i < 10; ++i) number += co_await results.async_receive(use_awaitable);
        }
        co_await up.async_send({}, number, use_awaitable);
    }
    static void skynet(long depth) {
        long leaves = 1;
        for (long i = 0; i < depth; ++i) leaves *= 10;
        On on;
        numbers result(on.where(), 1);
        const double before = On::seconds();
        co_spawn(on.where(), skynet_node(on, 0, leaves, result), detached);
        on.run();
        print("s", On::seconds() - before);
        demand(result.try_receive(
            [=](asio::error_code, long sum) { demand(sum == leaves * (leaves - 1) / 2); }));
    }

    static awaitable<void> sleeper(std::chrono::milliseconds length, long* asleep) {
        if (asleep != nullptr) ++*asleep;
        asio::steady_timer timer(co_await asio::this_coro::executor, length);
        co_await timer.async_wait(use_awaitable);
    }
    static void timers(long tasks) {
        On on;
        const double before = cpu_seconds();
        for (long i = 0; i < tasks; ++i)
            co_spawn(on.where(),
                     sleeper(std::chrono::milliseconds(1000 + i * 7919 % 1000), nullptr), detached);
        on.run();
        print("s", cpu_seconds() - before);
    }

    static awaitable<void> measure_memory(long& asleep, long tasks, double before) {
        const auto executor = co_await asio::this_coro::executor;
        while (asleep < tasks) co_await asio::post(executor, use_awaitable);
        print("bytes", (resident_bytes() - before) / static_cast<double>(tasks));
        _exit(0);
    }
    static void sleepers(long tasks) {
        On on;
        long asleep = 0;
        const double before = resident_bytes();
        for (long i = 0; i < tasks; ++i) co_spawn(on.where(), sleeper(1h, &asleep), detached);
        co_spawn(on.where(), measure_memory(asleep, tasks, before), detached);
        on.run();
    }

    // The timer alone: a race of the operation and the timer (operator||) costs more.
    static awaitable<void> limit_again_and_again(long times) {
        const auto executor = co_await asio::this_coro::executor;
        const double before = On::seconds();
        for (long i = 0; i < times; ++i) {
            asio::steady_timer limit(executor, 10s);
            limit.async_wait([](asio::error_code) {});
            co_await asio::post(executor, use_awaitable);
            limit.cancel();
        }
        print("ns", per_operation<On>(before, times));
        _exit(0);
    }
    static void limits(long times, long pending) {
        On on;
        for (long i = 0; i < pending; ++i)
            co_spawn(on.where(), sleeper(1h + std::chrono::milliseconds(i * 7919 % 1000), nullptr),
                     detached);
        co_spawn(on.where(), limit_again_and_again(times), detached);
        on.run();
    }

    static awaitable<void> take_turns(tokens& turns, long times, bool others) {
        const auto executor = co_await asio::this_coro::executor;
        for (long i = 0; i < times; ++i) {
            co_await turns.async_send({}, true, use_awaitable);
            if (others) co_await asio::post(executor, use_awaitable);
            turns.try_receive([](asio::error_code, bool) {});
        }
    }
    static void semaphore(long times, long tasks, long permits) {
        On on;
        tokens turns(on.where(), static_cast<std::size_t>(permits));
        const double before = On::seconds();
        for (long i = 0; i < tasks; ++i)
            co_spawn(on.where(), take_turns(turns, times / tasks, tasks > 1), detached);
        on.run();
        print("ns", per_operation<On>(before, times));
    }

    enum class phase : char { not_yet, counts, over };
    static awaitable<void> count_turns(const std::atomic<phase>& now, long& turns) {
        const auto executor = co_await asio::this_coro::executor;
        while (now.load(std::memory_order_relaxed) == phase::not_yet)
            co_await asio::post(executor, use_awaitable);
        while (now.load(std::memory_order_relaxed) == phase::counts) {
            ++turns;
            co_await asio::post(executor, use_awaitable);
        }
    }
    static awaitable<void> count_for_a_second(std::atomic<phase>& now) {
        asio::steady_timer timer(co_await asio::this_coro::executor, 100ms);
        co_await timer.async_wait(use_awaitable);
        now = phase::counts;
        timer.expires_after(1s);
        co_await timer.async_wait(use_awaitable);
        now = phase::over;
    }
    static void fairness(long tasks) {
        On on;
        std::atomic<phase> now = phase::not_yet;
        std::vector<long> turns(static_cast<std::size_t>(tasks));
        for (long& mine : turns) co_spawn(on.where(), count_turns(now, mine), detached);
        co_spawn(on.where(), count_for_a_second(now), detached);
        on.run();
        const auto [least, most] = std::minmax_element(turns.begin(), turns.end());
        print("fairness", static_cast<double>(*least) / static_cast<double>(*most));
    }

    static int run(std::string_view name, const std::array<long, 3>& n) {
        if (name == "spawn")
            spawn(n[0]);
        else if (name == "ping-pong")
            ping_pong(n[0]);
        else if (name == "channel")
            channel(n[0], n[1], n[2]);
        else if (name == "yield")
            yield(n[0], n[1]);
        else if (name == "skynet")
            skynet(n[0]);
        else if (name == "sleepers")
            sleepers(n[0]);
        else if (name == "timers")
            timers(n[0]);
        else if (name == "limits")
            limits(n[0], n[1]);
        else if (name == "mutex")
            semaphore(n[0], n[1], 1);
        else if (name == "semaphore")
            semaphore(n[0], n[1], n[2]);
        else if (name == "fairness")
            fairness(n[0]);
        else
            return 2;
        return 0;
    }
};

int run_one(int argc, char** argv) {
    std::array<long, 3> numbers{};
    for (int i = 3; i < argc && i < 6; ++i)
        numbers[static_cast<std::size_t>(i) - 3] = std::atol(argv[i]);
    const std::string_view name = argc > 2 ? argv[2] : "";
    const int status = argc > 2 && std::string_view(argv[1]) == "1"
                           ? programs<one_core>::run(name, numbers)
                           : programs<all_cores>::run(name, numbers);
    if (status != 0) std::fprintf(stderr, "asio-async: there is no such program\n");
    return status;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    try {
        return twill::bench::run_one(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "asio-async: %s\n", e.what());
        return 1;
    }
}
