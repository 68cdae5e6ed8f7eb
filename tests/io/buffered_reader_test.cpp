#include <twill/io/buffered_reader.hpp>

#include <twill/core/timeout.hpp>
#include <twill/io/duplex.hpp>
#include <twill/io/pipe.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::buffered_reader;
using twill::duplex;
using twill::duplex_stream;
using twill::task;

static_assert(twill::readable_stream<buffered_reader<duplex_stream>>);

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// GCC 12 makes nothing of braces in an expression that awaits.
std::vector<std::size_t> of_sizes(std::size_t first, std::size_t second = 0) {
    return second == 0 ? std::vector{first} : std::vector{first, second};
}

// An end at which `text` and then the end of the stream arrive, in pieces of the given sizes.
task<duplex_stream> stream_of(std::string text, std::vector<std::size_t> pieces = {}) {
    auto [writer, reader] = duplex(text.size() + 1);
    co_await writer.write_all(text);
    reader.read_in_pieces(std::move(pieces));
    co_return std::move(reader);
}

task<std::vector<std::string>> lines_of(duplex_stream from, twill::reader_options options = {}) {
    buffered_reader in(from, options);
    std::vector<std::string> all;
    for (;;) {
        const auto line = co_await in.read_line();
        if (!line) break;
        all.emplace_back(*line);
    }
    co_return all;
}

TEST(BufferedReader, GivesLinesWithoutTheirEndsHoweverTheyArrive) {
    in_runtime([]() -> task<> {
        const std::vector<std::string> wanted = {"one", "", "two\rhalf", "three", "four", "rest"};
        for (std::size_t piece = 1; piece < 12; ++piece) {
            auto stream =
                co_await stream_of("one\n\ntwo\rhalf\nthree\r\nfour\nrest", of_sizes(piece, 1));
            EXPECT_EQ(co_await lines_of(std::move(stream)), wanted) << "pieces of " << piece;
        }
        EXPECT_TRUE((co_await lines_of(co_await stream_of(""))).empty());
        EXPECT_EQ(co_await lines_of(co_await stream_of("a\n")), std::vector<std::string>(1, "a"))
            << "no empty line follows";
    });
}

TEST(BufferedReader, LinesMayBeLongerThanTheBuffer) {
    in_runtime([]() -> task<> {
        std::vector<std::string> wanted;
        std::string text;
        for (std::size_t size : {3000U, 1U, 5000U, 0U, 1023U, 1024U}) {
            wanted.push_back(pattern(size));
            text += wanted.back() + "\n";
        }
        auto stream = co_await stream_of(text, of_sizes(700, 13));
        EXPECT_EQ(co_await lines_of(std::move(stream), {.capacity = 64}), wanted);
    });
}

TEST(BufferedReader, LimitOfLinesIsExact) {
    in_runtime([]() -> task<> {
        const twill::reader_options four = {.max_line = 4};
        for (const char* fits : {"abcd\n", "abcd\r\n", "abcd"}) {
            for (std::size_t piece : {1U, 9U}) {
                auto stream = co_await stream_of(fits, of_sizes(piece));
                EXPECT_EQ(co_await lines_of(std::move(stream), four),
                          std::vector<std::string>(1, "abcd"));
            }
        }
        for (const char* too_long : {"abcde\n", "abcde\r\n", "abcde", "abcd\rx\n"}) {
            for (std::size_t piece : {1U, 9U}) {
                auto stream = co_await stream_of(too_long, of_sizes(piece));
                EXPECT_TRUE(
                    co_await throws<twill::line_too_long>(lines_of(std::move(stream), four)))
                    << too_long;
            }
        }
    });
}

TEST(BufferedReader, TooLongALineCanBeSkipped) {
    in_runtime([]() -> task<> {
        auto stream = co_await stream_of("short\n" + pattern(5000) + "\nnext\n", of_sizes(100, 7));
        buffered_reader in(stream, {.capacity = 256, .max_line = 100});
        EXPECT_EQ(co_await in.read_line(), "short");
        try {
            static_cast<void>(co_await in.read_line());
            ADD_FAILURE() << "5000 bytes are no line of 100";
        } catch (const twill::line_too_long& failure) {
            EXPECT_EQ(failure.limit(), 100U);
        }
        EXPECT_TRUE(co_await in.skip_until("\n"));
        EXPECT_EQ(co_await in.read_line(), "next");
        EXPECT_FALSE(co_await in.skip_until("\n")) << "the stream ends";
    });
}

TEST(BufferedReader, ReadsUpToADelimiterThatArrivesInPieces) {
    in_runtime([]() -> task<> {
        for (std::size_t piece = 1; piece < 8; ++piece) {
            auto stream = co_await stream_of("a\r\nb\r\n\r\nbody\r\n\r\n", of_sizes(piece));
            buffered_reader in(stream);
            EXPECT_EQ(co_await in.read_until("\r\n\r\n"), "a\r\nb\r\n\r\n");
            EXPECT_EQ(co_await in.read_until("\r\n\r\n"), "body\r\n\r\n");
            EXPECT_EQ(co_await in.read_until("\r\n\r\n"), std::nullopt);
        }
    });
}

TEST(BufferedReader, StreamThatEndsBeforeTheDelimiterIsAnErrorThatKeepsTheRest) {
    in_runtime([]() -> task<> {
        auto stream = co_await stream_of("a;rest");
        buffered_reader in(stream);
        EXPECT_EQ(co_await in.read_until(";"), "a;");
        try {
            static_cast<void>(co_await in.read_until(";"));
            ADD_FAILURE() << "there is no second one";
        } catch (const twill::end_of_stream& end) {
            EXPECT_EQ(end.received(), 4U);
        }
        EXPECT_EQ(text_of(in.buffered()), "rest");
    });
}

TEST(BufferedReader, LimitHoldsForDelimitersToo) {
    in_runtime([]() -> task<> {
        for (std::size_t piece : {1U, 20U}) {
            auto stream = co_await stream_of("abcd--abcde--", of_sizes(piece));
            buffered_reader in(stream, {.max_line = 4});
            EXPECT_EQ(co_await in.read_until("--"), "abcd--");
            EXPECT_TRUE(co_await throws<twill::line_too_long>(in.read_until("--")));
        }
    });
}

TEST(BufferedReader, PeeksWithoutTaking) {
    in_runtime([]() -> task<> {
        auto stream = co_await stream_of("PROXY rest", of_sizes(2));
        buffered_reader in(stream);
        EXPECT_TRUE(text_of(co_await in.peek(5)).starts_with("PROXY"));
        in.consume(6);
        EXPECT_EQ(text_of(co_await in.peek(100)), "rest") << "all there is, at the end";
        EXPECT_EQ(co_await in.fill(), 0U);
        EXPECT_EQ(text_of(in.buffered()), "rest");
        EXPECT_EQ(co_await read_to_end(in), "rest");
    });
}

TEST(BufferedReader, TakesWhatIsBufferedBeforeWhatIsNot) {
    in_runtime([]() -> task<> {
        const std::string body = pattern(40'000);
        auto stream = co_await stream_of("head\n" + body + "tail", of_sizes(1000));
        buffered_reader in(stream);
        EXPECT_EQ(co_await in.read_line(), "head");
        std::string came(body.size(), '\0');
        std::size_t progress = 0;
        co_await in.read_exactly(std::as_writable_bytes(std::span(came)), &progress);
        EXPECT_TRUE(came == body);
        EXPECT_EQ(progress, body.size());
        std::string more(6, '\0');
        EXPECT_TRUE(co_await throws<twill::end_of_stream>(
            in.read_exactly(std::as_writable_bytes(std::span(more)), &progress)));
        EXPECT_EQ(more.substr(0, progress), "tail");
    });
}

TEST(BufferedReader, WhatTheStreamThrowsPassesAndLosesNothing) {
    in_runtime([]() -> task<> {
        auto [writer, reader] = duplex();
        writer.reset_after(7);
        EXPECT_TRUE(co_await error_of(writer.write_all("one\ntwo\n")));
        buffered_reader in(reader);
        EXPECT_EQ(co_await in.read_line(), "one");
        EXPECT_EQ(co_await error_of(in.read_line()), std::errc::connection_reset);
        EXPECT_EQ(text_of(in.buffered()), "two");
    });
}

TEST(BufferedReader, LineThatTimesOutIsReadByTheNextCall) {
    in_runtime([]() -> task<> {
        auto [writer, reader] = duplex();
        buffered_reader in(reader);
        co_await writer.write_all("half a ");
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, in.read_line())));
        co_await writer.write_all("line\n");
        EXPECT_EQ(co_await in.read_line(), "half a line");
    });
}

TEST(BufferedReader, IdleOneGivesItsMemoryBack) {
    in_runtime([]() -> task<> {
        auto stream = co_await stream_of("a\nb\n", of_sizes(2));
        buffered_reader in(stream);
        EXPECT_EQ(co_await in.read_line(), "a");
        in.release_memory();
        EXPECT_EQ(co_await in.read_line(), "b");
    });
}

TEST(BufferedReader, ReadsPipesToo) {
    in_runtime([]() -> task<> {
        auto ends = twill::make_pipe();
        co_await ends.writer.write_all("x\ny\n");
        ends.writer.close();
        buffered_reader in(ends.reader);
        EXPECT_EQ(co_await in.read_line(), "x");
        EXPECT_EQ(co_await in.read_line(), "y");
        EXPECT_EQ(co_await in.read_line(), std::nullopt);
    });
}

// Whatever call is cut, a reader that goes on finds every byte, once.
TEST(BufferedReader, LosesNothingWhereverItIsCancelled) {
    const std::string text = "first line\nsecond\n\nbody of twenty bytes";
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        auto ends = duplex(3);
        buffered_reader in(ends.second, {.capacity = 8});
        std::string seen;
        auto write = [&]() -> task<> {
            co_await ends.first.write_all(text);
            ends.first.close();
        };
        auto read = [&]() -> task<> {
            for (int line = 0; line < 3; ++line) {
                const auto got = co_await in.read_line();
                seen += std::string(got.value()) + "\n";
            }
            while (!(co_await in.peek(2)).empty()) {
                seen += text_of(in.buffered());
                in.consume(in.buffered().size());
            }
        };
        std::exception_ptr cut;
        try {
            co_await twill::when_all(write(), read());
        } catch (...) {
            cut = std::current_exception();
        }
        const std::string all = seen + text_of(in.buffered());
        EXPECT_TRUE(text.starts_with(all)) << all;
        if (cut) std::rethrow_exception(cut);
        EXPECT_EQ(seen, text);
    });
    EXPECT_GT(suspensions, 10U);
}

}  // namespace
