// What is made again and again must not grow.
#include <twill/twill.hpp>

#include "stress/length.hpp"
#include "support/sanitized.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace {

using namespace std::chrono_literals;
using twill::task;

// In bytes.
long resident() {
    long pages = 0;
    if (FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
        std::fclose(file);
    }
    return pages * sysconf(_SC_PAGESIZE);
}

task<int> answer(twill::channel<int>& from) { co_return (co_await from.receive()).value_or(0); }

// Children, a limit in time that passes, one that does not, a cancelled wait, a lock, a timer.
task<> cycle() {
    twill::channel<int> values(1);
    twill::mutex m;
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        auto first = twill::spawn_child(s, answer, std::ref(values));
        s.spawn([&]() -> task<> {
            const auto hold = co_await m.lock();
            co_await values.send(1);
        });
        static_cast<void>(co_await first.result());
        s.spawn([]() -> task<> { co_await twill::sleep(1h); });
        try {
            co_await twill::with_timeout(0s, values.receive());
        } catch (const twill::timed_out&) {
        }
        co_await twill::with_timeout(1h, twill::yield());
        s.cancel();
    });
}

TEST(memory, stays_flat_over_cycles) {
    if (twill_test::sanitized) GTEST_SKIP() << "sanitizers keep what was freed";
    const long cycles = twill_test::times_stress(2000);
    twill::run({.compute_threads = 1}, [&]() -> task<> {
        for (long i = 0; i < 1000 + cycles / 10; ++i) co_await cycle();
        const long before = resident();
        EXPECT_GT(before, 0);
        for (long i = 0; i < cycles; ++i) co_await cycle();
        EXPECT_LE(resident() - before, 512 << 10) << "after " << cycles << " cycles";
    });
}

}  // namespace
