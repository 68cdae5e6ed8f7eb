#include <twill/io/copy.hpp>

#include <twill/io/duplex.hpp>

#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <string>
#include <string_view>

namespace {

using namespace twill_test;
using twill::buffered_reader;
using twill::copy_progress;
using twill::duplex;
using twill::duplex_stream;
using twill::task;

task<> write_and_close(duplex_stream& to, const std::string& text) {
    co_await to.write_all(text);
    to.close();
}

TEST(Copy, GoesToTheEndOfTheStream) {
    in_runtime([]() -> task<> {
        const std::string sent = pattern(100'000);
        auto [source, in] = duplex(1000);
        auto [out, sink] = duplex(300);
        copy_progress progress;
        auto copy = [&]() -> task<> {
            EXPECT_EQ(co_await twill::copy(in, out, {.progress = &progress}), sent.size());
            out.shutdown_write();
        };
        auto [a, b, came] =
            co_await twill::when_all(write_and_close(source, sent), copy(), read_to_end(sink));
        EXPECT_TRUE(came == sent);
        EXPECT_EQ(progress.read, sent.size());
        EXPECT_EQ(progress.written, sent.size());
    });
}

TEST(Copy, StopsAtTheLimitAndTakesNoMore) {
    in_runtime([]() -> task<> {
        auto source = duplex();
        auto sink = duplex();
        co_await write_and_close(source.first, "0123456789");
        EXPECT_EQ(co_await twill::copy(source.second, sink.first, {.limit = 4, .buffer = 3}), 4U);
        EXPECT_EQ(co_await twill::copy(source.second, sink.first, {.limit = 0}), 0U);
        buffered_reader in(source.second);
        EXPECT_EQ(co_await twill::copy(in, sink.first, {.limit = 2}), 2U);
        EXPECT_EQ(in.buffered().size(), 4U);
        sink.first.close();
        EXPECT_EQ(co_await read_to_end(sink.second), "012345");
    });
}

TEST(Copy, TellsHowMuchAFailureLeft) {
    in_runtime([]() -> task<> {
        auto source = duplex();
        auto sink = duplex();
        co_await write_and_close(source.first, "0123456789");
        sink.first.reset_after(5);
        copy_progress progress;
        EXPECT_EQ(co_await error_of(
                      twill::copy(source.second, sink.first, {.buffer = 4, .progress = &progress})),
                  std::errc::connection_reset);
        EXPECT_EQ(progress.read, 8U);
        EXPECT_EQ(progress.written, 5U);
    });
}

TEST(Copy, FromABufferedReaderLosesNothingWhenItFails) {
    in_runtime([]() -> task<> {
        auto source = duplex();
        auto broken = duplex();
        auto whole = duplex();
        co_await write_and_close(source.first, "head\n0123456789");
        buffered_reader in(source.second);
        EXPECT_EQ(co_await in.read_line(), "head");
        broken.first.reset_after(5);
        copy_progress progress;
        EXPECT_EQ(co_await error_of(twill::copy(in, broken.first, {.progress = &progress})),
                  std::errc::connection_reset);
        EXPECT_EQ(progress.read, 5U);
        EXPECT_EQ(progress.written, 5U);
        EXPECT_EQ(co_await twill::copy(in, whole.first), 5U);
        whole.first.close();
        EXPECT_EQ(co_await read_to_end(whole.second), "56789");
    });
}

// A copy through a buffered reader that is cut anywhere and begun again gives every byte once.
TEST(Copy, FromABufferedReaderLosesNothingWhereverItIsCancelled) {
    const std::string sent = pattern(40);
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        auto source = duplex(3);
        auto sink = duplex(40);
        buffered_reader in(source.second, {.capacity = 8});
        copy_progress progress;
        std::exception_ptr cut;
        try {
            co_await twill::when_all(write_and_close(source.first, sent),
                                     twill::copy(in, sink.first, {.progress = &progress}));
        } catch (...) {
            cut = std::current_exception();
        }
        EXPECT_EQ(progress.read, progress.written);
        const auto kept = in.buffered();
        EXPECT_TRUE(std::string_view(sent)
                        .substr(progress.written)
                        .starts_with(std::string_view(reinterpret_cast<const char*>(kept.data()),
                                                      kept.size())));
        if (cut) std::rethrow_exception(cut);
        EXPECT_EQ(progress.written, sent.size());
    });
    EXPECT_GT(suspensions, 5U);
}

}  // namespace
