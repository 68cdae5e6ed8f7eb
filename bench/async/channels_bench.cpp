// Messages between tasks.

#include "async/programs.hpp"

#include <twill/async/channel.hpp>
#include <twill/core/scope.hpp>

#include <atomic>
#include <cstdlib>

namespace twill::inline TWILL_ABI::bench {
namespace {

using numbers = channel<long>;

task<> ping(numbers* out, numbers* in, long rounds) {
    for (long i = 0; i < rounds; ++i) {
        co_await out->send(i);
        if (co_await in->receive() != i) std::abort();
    }
    out->close();
}

task<> pong(numbers* in, numbers* out) {
    while (const auto number = co_await in->receive()) co_await out->send(*number);
}

task<> ping_pong(long rounds) {
    numbers there(1);
    numbers back(1);
    co_await scope([&](scope_ref s) -> task<> {
        s.spawn(pong, &there, &back);
        s.spawn(ping, &there, &back, rounds);
        co_return;
    });
}

task<> sender(numbers* out, long count) {
    for (long i = 0; i < count; ++i) co_await out->send(1);
}

task<> receiver(numbers* in, std::atomic<long>* sum) {
    long mine = 0;
    while (const auto number = co_await in->receive()) mine += *number;
    sum->fetch_add(mine);
}

task<> send_all(numbers* through, long messages, long senders) {
    co_await scope([=](scope_ref s) -> task<> {
        for (long i = 0; i < senders; ++i) s.spawn(sender, through, messages / senders);
        co_return;
    });
    through->close();
}

task<> send_and_receive(long messages, long senders, long receivers) {
    numbers through(64);
    std::atomic<long> sum = 0;
    co_await scope([&](scope_ref s) -> task<> {
        for (long i = 0; i < receivers; ++i) s.spawn(receiver, &through, &sum);
        s.spawn(send_all, &through, messages, senders);
        co_return;
    });
    if (sum != messages / senders * senders) std::abort();
}

}  // namespace

void run_ping_pong(bed& on, long rounds) {
    const double before = on.seconds();
    on.here.run(ping_pong, rounds);
    print("ns", (on.seconds() - before) * 1e9 / static_cast<double>(rounds));
}

void run_channel(bed& on, long messages, long senders, long receivers) {
    const double before = on.seconds();
    on.here.run(send_and_receive, messages, senders, receivers);
    print("ns", (on.seconds() - before) * 1e9 / static_cast<double>(messages));
}

}  // namespace twill::inline TWILL_ABI::bench
