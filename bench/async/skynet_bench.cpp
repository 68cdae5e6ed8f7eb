// A tree of tasks, each of which waits for the ten below it. Leaves give their number.

#include "async/programs.hpp"

#include <twill/core/scope.hpp>

#include <array>
#include <cstdlib>
#include <numeric>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr long children = 10;

task<> skynet(long number, long size, long* result) {
    if (size == 1) {
        *result = number;
        co_return;
    }
    std::array<long, children> results{};
    co_await scope([&](scope_ref s) -> task<> {
        const long part = size / children;
        for (long i = 0; i < children; ++i)
            s.spawn(skynet, number + i * part, part, &results[static_cast<std::size_t>(i)]);
        co_return;
    });
    *result = std::accumulate(results.begin(), results.end(), 0L);
}

}  // namespace

void run_skynet(bed& on, long depth) {
    long leaves = 1;
    for (long i = 0; i < depth; ++i) leaves *= children;
    long sum = 0;
    const double before = on.seconds();
    on.here.run(skynet, 0L, leaves, &sum);
    print("s", on.seconds() - before);
    if (sum != leaves * (leaves - 1) / 2) std::abort();
}

}  // namespace twill::inline TWILL_ABI::bench
