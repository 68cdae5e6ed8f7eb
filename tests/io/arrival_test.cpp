// byte_stream::arrival.
#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/core/when_all.hpp>
#include <twill/io/pipe.hpp>
#include <twill/io/tcp.hpp>
#include <twill/io/unix_socket.hpp>
#include <twill/runtime/runtime.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::task;

// `reader` waits for each of many bytes before it reads it.
template <class Reader, class Writer>
task<> pass_byte_by_byte(Reader& reader, Writer& writer) {
    std::array<std::byte, 16> into{};
    for (int i = 0; i < 1000; ++i) {
        auto write = [&]() -> task<> { co_await writer.write_all("x"); };
        auto read = [&]() -> task<> {
            co_await reader.arrival();
            EXPECT_EQ(co_await reader.read_some(into), 1U);
        };
        co_await twill::when_all(read(), write());
    }
    writer.close();
    co_await reader.arrival();
    EXPECT_EQ(co_await reader.read_some(into), 0U);
}

TEST(Arrival, EndsWithEachByteAndWithTheEndOfTcp) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        co_await pass_byte_by_byte(server, client);
    });
}

TEST(Arrival, EndsWithEachByteAndWithTheEndOfALocalSocket) {
    in_runtime([]() -> task<> {
        auto [one, other] = twill::unix_pair();
        co_await pass_byte_by_byte(one, other);
    });
}

TEST(Arrival, EndsWithEachByteAndWithTheEndOfAPipe) {
    in_runtime([]() -> task<> {
        auto [reader, writer] = twill::make_pipe();
        co_await pass_byte_by_byte(reader, writer);
    });
}

TEST(Arrival, HasComeWhenBytesCameBefore) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        std::array<std::byte, 4> into{};
        co_await client.write_all("12345678");
        // A full buffer leaves the question open whether there is more.
        co_await server.arrival();
        EXPECT_EQ(co_await server.read_some(into), 4U);
        co_await server.arrival();
        EXPECT_EQ(co_await server.read_some(into), 4U);
    });
}

TEST(Arrival, DoesNotComeOfItself) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        std::array<std::byte, 16> into{};
        co_await client.write_all("x");
        EXPECT_EQ(co_await server.read_some(into), 1U);
        auto wait = [](twill::tcp_stream* of) -> task<> { co_await of->arrival(); };
        EXPECT_THROW(co_await twill::with_timeout(20ms, wait(&server)), twill::timed_out);
        co_await client.write_all("y");
        co_await server.arrival();
        EXPECT_EQ(co_await server.read_some(into), 1U);
    });
}

TEST(Arrival, IsARead) {
    in_runtime([]() -> task<> {
        auto [client, server] = co_await connected();
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { co_await server.arrival(); });
            co_await twill::yield();
            std::array<std::byte, 16> into{};
            EXPECT_THROW(co_await server.read_some(into), twill::io_error);
            co_await client.write_all("x");
        });
    });
}

}  // namespace
