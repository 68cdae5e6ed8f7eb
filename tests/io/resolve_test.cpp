// Names, and name servers of the test's own: one that answers, one that says no, one that is
// silent.
#include <twill/io/endpoint.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/udp.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::endpoint;
using twill::resolve;
using twill::resolve_options;
using twill::scope_ref;
using twill::task;
using twill::udp_socket;

TEST(Resolve, FindsThisMachine) {
    in_runtime([]() -> task<> {
        const auto all = co_await resolve("localhost", "80");
        EXPECT_FALSE(all.empty());
        for (const endpoint& each : all) EXPECT_EQ(each.port(), 80);
        const auto numeric = co_await resolve("192.0.2.7", "443");
        EXPECT_EQ(numeric.at(0).to_string(), "192.0.2.7:443");
    });
}

task<> says_what_it_could_not_look_up() {
    try {
        co_await resolve("127.0.0.1", "no-such-service");
        ADD_FAILURE() << "found a service that does not exist";
    } catch (const twill::io_error& failure) {
        EXPECT_EQ(failure.object(), "127.0.0.1 (service no-such-service)");
        EXPECT_NE(failure.code().message(), "");
    }
}

TEST(Resolve, SaysWhatItCouldNotLookUp) { in_runtime(says_what_it_could_not_look_up); }

TEST(Resolve, SystemsOwnWayIsTakenOnRequest) {
    ::setenv("TWILL_RESOLVER", "system", 1);
    in_runtime(says_what_it_could_not_look_up);
    in_runtime([]() -> task<> {
        try {
            co_await resolve("127.0.0.1", "no-such-service");
        } catch (const twill::io_error& failure) {
            EXPECT_STREQ(failure.code().category().name(), "getaddrinfo");
        }
        const auto all = co_await resolve("127.0.0.1", "80");
        EXPECT_EQ(all.at(0).to_string(), "127.0.0.1:80");
    });
    ::unsetenv("TWILL_RESOLVER");
}

constexpr std::size_t header_size = 12;

// The answer to a question: 192.0.2.9 for an IPv4 address, and nothing else; or that there is no
// such name.
std::string answer_to(std::string_view question, bool is_known) {
    std::size_t end = header_size;
    while (question[end] != 0) end += static_cast<std::size_t>(question[end]) + 1;
    end += 5;  // the 0, type and class
    const bool is_v4 = question[end - 3] == 1;
    const bool has_address = is_known && is_v4;
    std::string made(question.substr(0, end));
    made[2] = char(0x81);                          // an answer
    made[3] = is_known ? char(0x80) : char(0x83);  // without error; no such name
    made[7] = has_address ? 1 : 0;
    made[9] = made[11] = 0;
    // The name of the question, type and class, 60 s, 4 bytes.
    if (has_address) made += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x09", 16);
    return made;
}

task<> serve(udp_socket& at, bool is_known) {
    for (;;) {
        std::string question(512, '\0');
        const auto got = co_await at.receive_from(std::as_writable_bytes(std::span(question)));
        question.resize(got.size);
        co_await at.send_to(answer_to(question, is_known), got.from);
    }
}

resolve_options only(const udp_socket& server) { return {.servers = server.local().to_string()}; }

// Awaits `body(server)`; false where twill was built without c-ares.
bool with_server(const std::function<task<>(udp_socket&)>& body) {
    return in_runtime([&]() -> task<bool> {
        udp_socket server(endpoint::loopback(0));
        const resolve_options options = only(server);
        try {
            co_await resolve("127.0.0.1", "1", options);
        } catch (const twill::usage_error&) {
            co_return false;
        }
        co_await body(server);
        co_return true;
    });
}

TEST(Resolve, AsksTheServersThatItIsTold) {
    const bool asked = with_server([](udp_socket& server) -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&] { return serve(server, true); });
            const resolve_options options = only(server);
            const auto all = co_await resolve("service.example.", "8080", options);
            EXPECT_EQ(all.size(), 1U);
            EXPECT_EQ(all.at(0).to_string(), "192.0.2.9:8080");
            s.cancel();
        });
    });
    if (!asked) GTEST_SKIP() << "built without c-ares";
}

TEST(Resolve, NameThatDoesNotExistIsAnErrorThatNamesIt) {
    const bool asked = with_server([](udp_socket& server) -> task<> {
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&] { return serve(server, false); });
            const resolve_options options = only(server);
            try {
                static_cast<void>(co_await resolve("nobody.example.", "80", options));
                ADD_FAILURE() << "found nobody";
            } catch (const twill::io_error& failure) {
                EXPECT_EQ(failure.object(), "nobody.example. (service 80)");
                EXPECT_STREQ(failure.code().category().name(), "c-ares");
            }
            s.cancel();
        });
    });
    if (!asked) GTEST_SKIP() << "built without c-ares";
}

TEST(Resolve, SilentServerRunsIntoTheTimeLimitAndHoldsNothing) {
    const bool asked = with_server([](udp_socket& server) -> task<> {
        const std::size_t before = open_descriptors();
        const resolve_options options = only(server);
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(30ms, resolve("service.example.", "80", options))));
        std::array<std::byte, 512> question;
        EXPECT_GT((co_await server.receive_from(question)).size, header_size) << "it was asked";
        EXPECT_EQ(open_descriptors(), before);
    });
    if (!asked) GTEST_SKIP() << "built without c-ares";
}

TEST(Resolve, LeavesNothingBehindWhereverItIsCancelled) {
    const bool asked = with_server([](udp_socket&) -> task<> { co_return; });
    if (!asked) GTEST_SKIP() << "built without c-ares";
    const std::size_t before = open_descriptors();
    const unsigned suspensions = cancel_everywhere([]() -> task<> {
        udp_socket server(endpoint::loopback(0));
        co_await twill::scope([&](scope_ref s) -> task<> {
            s.spawn([&] { return serve(server, true); });
            const resolve_options options = only(server);
            EXPECT_EQ((co_await resolve("service.example.", "80", options)).size(), 1U);
            s.cancel();
        });
    });
    EXPECT_GE(suspensions, 3U);
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
