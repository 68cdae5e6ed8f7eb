#include <twill/io/pipe.hpp>

#include <twill/core/timeout.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <string>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::open_fifo_reader;
using twill::open_fifo_writer;
using twill::task;

TEST(Fifo, ReaderAndWriterFindEachOther) {
    const temporary_directory folder;
    const std::string path = folder.path() + "/fifo";
    twill::make_fifo(path, 0600);
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    in_runtime([&]() -> task<> {
        auto write = [&]() -> task<> {
            auto out = co_await open_fifo_writer(path);
            co_await out.write_all("first");
        };
        auto read = [&]() -> task<std::string> {
            auto in = co_await open_fifo_reader(path);
            co_return co_await read_to_end(in);
        };
        auto [came, unused] = co_await twill::when_all(read(), write());
        EXPECT_EQ(came, "first");
        auto [again, unused_too] = co_await twill::when_all(read(), write());
        EXPECT_EQ(again, "first");
    });
}

TEST(Fifo, NobodyAtTheOtherEndRunsIntoTheTimeLimit) {
    const temporary_directory folder;
    const std::string path = folder.path() + "/fifo";
    twill::make_fifo(path);
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    in_runtime([&]() -> task<> {
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(5ms, open_fifo_reader(path))));
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(5ms, open_fifo_writer(path))));
    });
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Fifo, WhatIsNoneIsAnErrorThatNamesIt) {
    const temporary_directory folder;
    const std::string file = folder.file("plain", "text", 0600);
    EXPECT_THROW(twill::make_fifo(file), twill::io_error);
    in_runtime([&]() -> task<> {
        EXPECT_EQ(co_await error_of(open_fifo_reader(file)), std::errc::invalid_argument);
        EXPECT_EQ(co_await error_of(open_fifo_writer(folder.path() + "/nothing")),
                  std::errc::no_such_file_or_directory);
    });
}

TEST(Fifo, LeavesNothingBehindWhereverItIsCancelled) {
    const temporary_directory folder;
    const std::string path = folder.path() + "/fifo";
    twill::make_fifo(path);
    const std::size_t before = [] {
        in_runtime([]() -> task<> { co_return; });
        return open_descriptors();
    }();
    const unsigned suspensions = cancel_everywhere([&]() -> task<> {
        auto write = [&]() -> task<> {
            auto out = co_await open_fifo_writer(path);
            co_await out.write_all("text");
        };
        auto read = [&]() -> task<> {
            auto in = co_await open_fifo_reader(path);
            EXPECT_EQ(co_await read_to_end(in), "text");
        };
        co_await twill::when_all(read(), write());
    });
    EXPECT_GT(suspensions, 3U);
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
