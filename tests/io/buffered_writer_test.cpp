#include <twill/io/buffered_writer.hpp>

#include <twill/core/timeout.hpp>
#include <twill/io/duplex.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <initializer_list>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::buffered_writer;
using twill::duplex;
using twill::duplex_stream;
using twill::task;

static_assert(twill::writable_stream<buffered_writer<duplex_stream>>);

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(BufferedWriter, WritesSmallPiecesTogether) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        buffered_writer out(here, 8);
        co_await out.write_all("ab");
        co_await out.write_all("cd");
        EXPECT_EQ(text_of(out.pending()), "abcd") << "nothing has gone out";
        co_await out.write_all("efghij");
        EXPECT_EQ(text_of(out.pending()), "ij");
        co_await out.flush();
        EXPECT_TRUE(out.pending().empty());
        co_await out.flush();
        here.close();
        EXPECT_EQ(co_await read_to_end(there), "abcdefghij");
    });
}

TEST(BufferedWriter, KeepsTheOrderOfLargeAndSmallPieces) {
    in_runtime([]() -> task<> {
        auto ends = duplex(100);
        std::string sent;
        auto write = [&]() -> task<> {
            buffered_writer out(ends.first, 64);
            for (std::size_t i = 0; i < 300; ++i) {
                const std::string piece = pattern(i * 37 % 201);
                sent += piece;
                EXPECT_EQ(co_await out.write_all(piece), piece.size());
            }
            co_await out.flush();
            ends.first.close();
        };
        auto [unused, came] = co_await twill::when_all(write(), read_to_end(ends.second));
        EXPECT_TRUE(came == sent);
    });
}

TEST(BufferedWriter, WritesSomeOfWhatDoesNotFit) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        buffered_writer out(here, 4);
        const std::string text = "cdef";
        const auto from = std::as_bytes(std::span(text));
        co_await out.write_all("ab");
        EXPECT_EQ(co_await out.write_some(from), 2U);
        EXPECT_EQ(co_await out.write_some(from.subspan(2)), 1U) << "makes room, for at least one";
        EXPECT_EQ(co_await out.write_some({}), 0U);
        co_await out.flush();
        here.close();
        EXPECT_EQ(co_await read_to_end(there), "abcde");
    });
}

TEST(BufferedWriter, KeepsWhatAFailedFlushHasNotWritten) {
    in_runtime([]() -> task<> {
        auto [here, there] = duplex();
        buffered_writer out(here);
        co_await out.write_all("abcdef");
        here.reset_after(2);
        EXPECT_EQ(co_await error_of(out.flush()), std::errc::connection_reset);
        EXPECT_EQ(text_of(out.pending()), "cdef");
    });
}

TEST(BufferedWriter, FlushThatTimesOutGoesOnWhereItEnded) {
    in_runtime([]() -> task<> {
        auto ends = duplex(3);
        buffered_writer out(ends.first);
        co_await out.write_all("abcdefgh");
        EXPECT_TRUE(co_await throws<twill::timed_out>(twill::with_timeout(1ms, out.flush())));
        EXPECT_EQ(text_of(out.pending()), "defgh");
        auto finish = [&]() -> task<> {
            co_await out.flush();
            ends.first.close();
        };
        auto [unused, came] = co_await twill::when_all(finish(), read_to_end(ends.second));
        EXPECT_EQ(came, "abcdefgh");
    });
}

// Whatever call is cut: `progress` bytes were accepted, and are in the stream or in the writer.
TEST(BufferedWriter, CountsWhatItAcceptedWhereverItIsCancelled) {
    const std::string sent = pattern(90);
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        auto ends = duplex(7);
        buffered_writer out(ends.first, 16);
        std::string came;
        std::size_t accepted = 0;
        auto write = [&]() -> task<> {
            for (const std::size_t size : {5U, 40U, 3U, 20U, 22U}) {
                std::size_t progress = 0;
                struct counting {
                    std::size_t& sum;
                    const std::size_t& progress;
                    ~counting() { sum += progress; }
                } const at_end{accepted, progress};
                co_await out.write_all(std::string_view(sent).substr(accepted, size), &progress);
            }
            co_await out.flush();
            ends.first.shutdown_write();
        };
        auto read = [&]() -> task<> {
            std::byte byte{};
            while (co_await ends.second.read_some(std::span(&byte, 1)) != 0)
                came += static_cast<char>(byte);
        };
        std::exception_ptr cut;
        try {
            co_await twill::when_all(write(), read());
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_TRUE(std::string_view(sent).substr(0, accepted).ends_with(text_of(out.pending())));
        EXPECT_LE(came.size() + out.pending().size(), accepted);
        EXPECT_GE(came.size() + out.pending().size() + 7, accepted) << "7 are on their way";
        EXPECT_TRUE(sent.starts_with(came));
        if (cut) std::rethrow_exception(cut);
        EXPECT_EQ(came, sent);
    });
    EXPECT_GT(suspensions, 10U);
}

}  // namespace
