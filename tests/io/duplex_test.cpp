#include <twill/io/duplex.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/byte_stream.hpp>
#include <twill/io/pipe.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::duplex;
using twill::duplex_stream;
using twill::task;

static_assert(twill::readable_stream<duplex_stream> && twill::writable_stream<duplex_stream>);
static_assert(twill::readable_stream<twill::tcp_stream>);
static_assert(twill::writable_stream<twill::tcp_stream>);
static_assert(twill::readable_stream<twill::pipe_reader>);
static_assert(!twill::writable_stream<twill::pipe_reader>);

std::span<std::byte> bytes_of(std::string& text) { return std::as_writable_bytes(std::span(text)); }

// At most `most` bytes, in one read.
task<std::string> read_once(duplex_stream& from, std::size_t most) {
    std::string text(most, '\0');
    text.resize(co_await from.read_some(bytes_of(text)));
    co_return text;
}

TEST(Duplex, CarriesMoreThanItHoldsBothWays) {
    in_runtime([]() -> task<> {
        auto ends = duplex(97);
        const std::string there = pattern(100'000);
        const std::string back = pattern(70'001);
        auto write = [](duplex_stream& to, const std::string& what) -> task<> {
            co_await to.write_all(what);
            to.shutdown_write();
        };
        auto [a, b, c, d] =
            co_await twill::when_all(read_to_end(ends.second), read_to_end(ends.first),
                                     write(ends.first, there), write(ends.second, back));
        EXPECT_TRUE(a == there);
        EXPECT_TRUE(b == back);
    });
}

TEST(Duplex, WriterWaitsForRoom) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex(4);
        std::size_t progress = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(1ms, here.write_all("abcdef", &progress))));
        EXPECT_EQ(progress, 4U) << "what fits went in";
        EXPECT_EQ(co_await read_once(there, 10), "abcd");
    });
}

TEST(Duplex, AnswersAfterTheOtherSideHasSaidAll) {
    in_runtime([]() -> task<> {
        auto [client, server] = duplex();
        co_await client.write_all("question");
        client.shutdown_write();
        EXPECT_EQ(co_await error_of(client.write_all("more")), std::errc::broken_pipe);
        EXPECT_EQ(co_await read_to_end(server), "question");
        co_await server.write_all("answer");
        server.close();
        EXPECT_FALSE(server.is_open());
        EXPECT_EQ(co_await read_to_end(client), "answer");
        EXPECT_EQ(co_await error_of(client.write_all("?")), std::errc::broken_pipe);
        EXPECT_EQ(co_await error_of(server.write_all("?")), std::errc::bad_file_descriptor);
        EXPECT_EQ(co_await error_of(read_to_end(server)), std::errc::bad_file_descriptor);
    });
}

TEST(Duplex, ReadExactlyTellsAnEarlyEnd) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        co_await here.write_all("ab");
        here.close();
        std::string five(5, '\0');
        std::size_t progress = 0;
        try {
            co_await there.read_exactly(bytes_of(five), &progress);
            ADD_FAILURE() << "gave five bytes of two";
        } catch (const twill::end_of_stream& end) {
            EXPECT_EQ(end.received(), 2U);
            EXPECT_EQ(progress, 2U);
        }
    });
}

TEST(Duplex, PeerThatGoesEndsWhatWaits) {
    in_runtime([]() -> task<> {
        auto ends = duplex(4);
        std::size_t progress = 0;
        auto write = [&]() -> task<> {
            EXPECT_EQ(co_await error_of(ends.first.write_all("abcdefgh", &progress)),
                      std::errc::broken_pipe);
        };
        auto read = [&]() -> task<> { EXPECT_EQ(co_await read_to_end(ends.first), ""); };
        auto close = [&]() -> task<> {
            co_await twill::yield();
            ends.second.close();
        };
        co_await twill::when_all(write(), read(), close());
        EXPECT_EQ(progress, 4U);
    });
}

TEST(Duplex, AbortResetsTheConnection) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        co_await here.write_all("ab");
        here.abort();
        EXPECT_FALSE(here.is_open());
        EXPECT_EQ(co_await error_of(there.write_all("?")), std::errc::connection_reset);
        EXPECT_EQ(co_await read_once(there, 9), "ab") << "what had arrived can be read";
        EXPECT_EQ(co_await error_of(read_once(there, 9)), std::errc::connection_reset);
    });
}

TEST(Duplex, ResetsAfterAnyNumberOfBytes) {
    in_runtime([]() -> task<> {
        for (std::size_t at = 0; at <= 10; ++at) {
            auto [server, client] = duplex();
            server.reset_after(at);
            std::size_t written = 0;
            const auto why = co_await error_of(server.write_all("0123456789", &written));
            EXPECT_EQ(written, at);
            if (at < 10) {
                EXPECT_EQ(why, std::errc::connection_reset);
            } else {
                EXPECT_FALSE(why) << "the last byte went out before it broke";
            }
            EXPECT_EQ(co_await error_of(server.write_all("?")), std::errc::connection_reset);
            std::string came(20, '\0');
            std::size_t read = 0;
            EXPECT_EQ(co_await error_of(client.read_exactly(bytes_of(came), &read)),
                      std::errc::connection_reset);
            EXPECT_EQ(came.substr(0, read), std::string("0123456789").substr(0, at));
        }
    });
}

TEST(Duplex, ResetReachesWhoWaits) {
    in_runtime([]() -> task<> {
        auto ends = duplex();
        auto read = [&](duplex_stream& from) -> task<> {
            EXPECT_EQ(co_await error_of(read_once(from, 1)), std::errc::connection_reset);
        };
        auto reset = [&]() -> task<> {
            co_await twill::yield();
            ends.first.reset_after(0);
        };
        co_await twill::when_all(read(ends.first), read(ends.second), reset());
    });
}

TEST(Duplex, CutsTheStreamWithoutTellingTheWriter) {
    in_runtime([]() -> task<> {
        auto [server, client] = duplex(4);
        server.end_after(3);
        EXPECT_EQ(co_await server.write_all("0123456789"), 10U);
        EXPECT_EQ(co_await server.write_all("and more"), 8U);
        EXPECT_EQ(co_await read_to_end(client), "012");
        co_await client.write_all("back");
        EXPECT_EQ(co_await read_once(server, 9), "back") << "the other way is whole";
    });
}

TEST(Duplex, MovesInPiecesOfChosenSizes) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        here.write_in_pieces({2, 1});
        const std::string text = "abcdef";
        const auto from = std::as_bytes(std::span(text));
        EXPECT_EQ(co_await here.write_some(from), 2U);
        EXPECT_EQ(co_await here.write_some(from.subspan(2)), 1U);
        EXPECT_EQ(co_await here.write_some(from.subspan(3)), 2U);
        EXPECT_EQ(co_await here.write_some(from.subspan(5)), 1U);
        there.read_in_pieces({1, 3});
        EXPECT_EQ(co_await read_once(there, 9), "a");
        EXPECT_EQ(co_await read_once(there, 9), "bcd");
        EXPECT_EQ(co_await read_once(there, 9), "e");
        there.read_in_pieces({});
        co_await here.write_all("ghi");
        EXPECT_EQ(co_await read_once(there, 9), "fghi");
    });
    auto [here, there] = duplex();
    EXPECT_THROW(here.read_in_pieces({1, 0}), twill::usage_error);
    here.close();
    EXPECT_THROW(here.reset_after(1), twill::usage_error);
    EXPECT_THROW(static_cast<void>(duplex(0)), twill::usage_error);
}

TEST(Duplex, SecondReaderIsRefusedAndTheFirstGoesOn) {
    in_runtime([]() -> task<> {
        auto ends = duplex();
        auto read = [&]() -> task<> { EXPECT_EQ(co_await read_once(ends.second, 1), "1"); };
        auto intrude = [&]() -> task<> {
            EXPECT_EQ(co_await error_of(read_once(ends.second, 1)),
                      std::errc::device_or_resource_busy);
            co_await ends.first.write_all("1");
        };
        co_await twill::when_all(read(), intrude());
    });
}

TEST(Duplex, EndsMove) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        duplex_stream moved = std::move(here);
        EXPECT_FALSE(here.is_open());  // NOLINT(bugprone-use-after-move): that is the question
        co_await moved.write_all("x");
        EXPECT_EQ(co_await read_once(there, 1), "x");
        auto other = duplex();
        moved = std::move(other.first);
        EXPECT_EQ(co_await read_to_end(there), "") << "assigning closes what was there";
        co_await moved.write_all("y");
        EXPECT_EQ(co_await read_once(other.second, 1), "y");
    });
}

TEST(Duplex, JoinsTwoRuntimes) {
    auto ends = duplex(13);
    const std::string sent = pattern(50'000);
    std::thread other([&] {
        in_runtime([&]() -> task<> {
            co_await ends.second.write_all(sent);
            ends.second.close();
        });
    });
    EXPECT_TRUE(in_runtime([&] { return read_to_end(ends.first); }) == sent);
    other.join();
}

TEST(Duplex, CancelledReadsLoseNoByte) {
    constexpr std::size_t size = 20'000;
    in_runtime([]() -> task<> {
        auto ends = duplex(64);
        const std::string sent = pattern(size);
        std::string came;
        auto read = [&]() -> task<> {
            std::string buffer(50, '\0');
            for (int round = 0; came.size() < size; ++round) {
                const auto limit = std::chrono::microseconds(round % 41);
                const auto rest = std::min(buffer.size(), size - came.size());
                std::size_t got = 0;
                try {
                    co_await twill::with_timeout(
                        limit, ends.second.read_exactly(bytes_of(buffer).first(rest), &got));
                } catch (const twill::timed_out&) {
                    // `got` counts what it had until then.
                }
                came.append(buffer, 0, got);
            }
        };
        auto write = [&]() -> task<> {
            for (std::size_t at = 0; at < size; at += 100) {
                co_await ends.first.write_all(std::string_view(sent).substr(at, 100));
                co_await twill::sleep(20us);
            }
        };
        co_await twill::when_all(read(), write());
        EXPECT_TRUE(came == sent);
    });
}

TEST(Duplex, LeavesNothingBehindWhereverItIsCancelled) {
    const unsigned suspensions = cancel_everywhere([]() -> task<> {
        auto ends = duplex(3);
        auto there = [&]() -> task<> {
            co_await ends.first.write_all("question");
            std::string answer(6, '\0');
            co_await ends.first.read_exactly(bytes_of(answer));
        };
        auto here = [&]() -> task<> {
            std::string asked(8, '\0');
            co_await ends.second.read_exactly(bytes_of(asked));
            co_await ends.second.write_all("answer");
        };
        co_await twill::when_all(there(), here());
    });
    EXPECT_GT(suspensions, 3U);
}

}  // namespace
