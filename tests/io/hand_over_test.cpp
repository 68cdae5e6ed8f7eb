// Sockets while a task does not let its event thread go.
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <latch>

namespace {

using namespace std::chrono_literals;
using twill::scope_ref;
using twill::task;

constexpr int clients = 16;
constexpr int rounds = 50;

task<> echo(twill::tcp_stream stream) {
    std::array<std::byte, 1> byte;
    while (co_await stream.read_some(byte) != 0) co_await stream.write_all(byte);
}

task<> ask(const twill::endpoint& service, std::latch& served) {
    auto stream = co_await twill::connect(service);
    for (int i = 0; i < rounds; ++i) {
        std::array<std::byte, 1> byte{static_cast<std::byte>(i)};
        co_await stream.write_all(byte);
        co_await stream.read_exactly(byte);
        EXPECT_EQ(byte[0], static_cast<std::byte>(i));
        if (i % 10 == 0) co_await twill::sleep(100us);
    }
    served.count_down();
}

TEST(HandOver, SocketsAndTimersAreServedBesideATaskThatIsStuckUntilAllWere) {
    twill::runtime here(
        {.watchdog = twill::watchdog::hand_over, .report = [](std::string_view) {}});
    std::latch served(clients);
    bool came_back = false;
    here.run([&]() -> task<> {
        twill::tcp_listener door(twill::endpoint::loopback(0));
        const auto address = door.local();
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < clients; ++i) s.spawn(echo, co_await door.accept());
            });
            s.spawn([&] {
                served.wait();
                came_back = true;
            });
            for (int i = 0; i < clients; ++i) s.spawn([&] { return ask(address, served); });
            co_return;
        });
    });
    EXPECT_TRUE(came_back);
    EXPECT_GE(here.stats().hand_overs, 1U);
}

}  // namespace
