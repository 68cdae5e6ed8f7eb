#include <twill/io/file.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/timeout.hpp>

#include "fixtures.hpp"
#include "streams.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::file;
using twill::file_mode;
using twill::read_file;
using twill::task;
using twill::write_file;

TEST(File, GivesBackWhatWasWritten) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.path() + "/a";
        const std::string content = pattern(5'000'003) + std::string(3, '\0');
        co_await write_file(path, content);
        EXPECT_TRUE(co_await read_file(path) == content);
        co_await write_file(path, "short");
        EXPECT_EQ(co_await read_file(path), "short");
        co_await write_file(path, "");
        EXPECT_EQ(co_await read_file(path), "");
    });
}

TEST(File, MissingOneIsNamed) {
    in_runtime([]() -> task<> {
        try {
            co_await read_file("/nowhere/at all");
            ADD_FAILURE() << "read a file that does not exist";
        } catch (const twill::io_error& failure) {
            EXPECT_STREQ(failure.what(), "open /nowhere/at all: No such file or directory");
        }
        EXPECT_EQ(co_await error_of(write_file("/nowhere/at all", "x")),
                  std::errc::no_such_file_or_directory);
        EXPECT_EQ(co_await error_of(file::open("/nowhere/at all")),
                  std::errc::no_such_file_or_directory);
    });
}

TEST(File, DirectoryIsNoFile) {
    in_runtime([]() -> task<> {
        EXPECT_EQ(co_await error_of(read_file("/")), std::errc::is_a_directory);
        EXPECT_EQ(co_await error_of(write_file("/", "x")), std::errc::is_a_directory);
    });
}

TEST(File, ForbiddenOneIsAnError) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    const temporary_directory there;
    const std::string path = there.file("secret", "x", 0);
    in_runtime([&]() -> task<> {
        EXPECT_EQ(co_await error_of(read_file(path)), std::errc::permission_denied);
        EXPECT_EQ(co_await error_of(write_file(path, "x")), std::errc::permission_denied);
    });
}

TEST(File, FullDiskIsAnError) {
    if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full here";
    in_runtime([]() -> task<> {
        EXPECT_EQ(co_await error_of(write_file("/dev/full", "x")), std::errc::no_space_on_device);
        const auto full = co_await file::open("/dev/full", file_mode::write);
        EXPECT_EQ(co_await error_of(full.write_all("x")), std::errc::no_space_on_device);
        EXPECT_EQ(co_await error_of(full.write_at(0, std::as_bytes(std::span("x", 1)))),
                  std::errc::no_space_on_device);
    });
}

TEST(File, OfProcThatClaimsToBeEmptyIsReadWhole) {
    in_runtime([]() -> task<> {
        EXPECT_TRUE((co_await read_file("/proc/self/status")).starts_with("Name:"));
        EXPECT_GT((co_await read_file("/proc/self/maps")).size(), 4096U);
    });
}

TEST(File, PipeIsReadToItsEndAlthoughItComesInPieces) {
    const temporary_directory there;
    const std::string path = there.path() + "/fifo";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    std::thread writer([&] {
        const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        const std::string content = pattern(300'000);
        for (std::size_t at = 0; at < content.size(); at += 1111)
            EXPECT_GT(
                ::write(fd, content.data() + at, std::min<std::size_t>(1111, content.size() - at)),
                0);
        ::close(fd);
    });
    in_runtime([&]() -> task<> { EXPECT_TRUE(co_await read_file(path) == pattern(300'000)); });
    writer.join();
}

TEST(File, ReadsAndWritesInPlace) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const auto both = co_await file::open(there.path() + "/a", file_mode::read_write);
        co_await both.write_at(6, std::as_bytes(std::span("world", 5)));
        co_await both.write_at(0, std::as_bytes(std::span("hello", 5)));
        char text[64];
        const auto into = std::as_writable_bytes(std::span(text));
        const std::size_t got = co_await both.read_at(0, into);
        EXPECT_EQ(std::string(text, got), std::string("hello\0world", 11));
        EXPECT_EQ(co_await both.read_at(8, into), 3U) << "short at the end";
        EXPECT_EQ(co_await both.read_at(11, into), 0U);
        EXPECT_EQ(co_await both.read_at(1'000'000, into), 0U);
        EXPECT_EQ(co_await both.size(), 11U);
        co_await both.sync();
        EXPECT_EQ(both.path(), there.path() + "/a");
        const auto again = co_await file::open(there.path() + "/a", file_mode::read_write);
        EXPECT_EQ(co_await again.size(), 11U) << "opening keeps what is there";
    });
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

// What is not in memory takes another way than what is.
TEST(File, ColdOneIsReadByManyAtOnce) {
    constexpr std::size_t pieces = 256;
    constexpr std::size_t size = 4096;
    const temporary_directory there;
    const std::string path = there.path() + "/cold";
    in_runtime([&]() -> task<> {
        const std::string content = pattern(pieces * size);
        co_await write_file(path, content);
        const auto from = co_await file::open(path);
        co_await from.sync();
        ::posix_fadvise(from.native_handle(), 0, 0, POSIX_FADV_DONTNEED);
        ::posix_fadvise(from.native_handle(), 0, 0, POSIX_FADV_RANDOM);
        std::vector<std::string> got(pieces, std::string(size, '\0'));
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (std::size_t i = 0; i < pieces; ++i)
                s.spawn([&, at = i * 101 % pieces]() -> task<> {
                    // The last one ends behind the file.
                    const auto much = co_await from.read_at(
                        at * size + 1, std::as_writable_bytes(std::span(got[at])));
                    got[at].resize(much);
                });
            co_return;
        });
        for (std::size_t i = 0; i < pieces; ++i)
            EXPECT_TRUE(got[i] == content.substr(i * size + 1, size)) << i;
    });
}

TEST(File, ScattersAndGathers) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const auto both = co_await file::open(there.path() + "/a", file_mode::read_write);
        const std::string head = "head";
        const std::string none;
        // More than one step.
        const std::string body = pattern(9'000'001);
        const std::array<std::span<const std::byte>, 4> from = {bytes_of(none), bytes_of(head),
                                                                bytes_of(body), bytes_of(head)};
        std::size_t progress = 0;
        co_await both.write_at(3, from, &progress);
        EXPECT_EQ(progress, 9'000'009U);
        EXPECT_EQ(co_await both.size(), 9'000'012U);

        std::string first(5, '?');
        std::string rest(9'000'100, '?');
        const std::array<std::span<std::byte>, 2> into = {std::as_writable_bytes(std::span(first)),
                                                          std::as_writable_bytes(std::span(rest))};
        EXPECT_EQ(co_await both.read_at(3, into, &progress), 9'000'009U) << "short at the end";
        EXPECT_EQ(progress, 9'000'009U);
        EXPECT_TRUE(first + rest.substr(0, 9'000'004) == head + body + head);
        EXPECT_EQ(rest[9'000'004], '?');
    });
}

TEST(File, ThousandsOfPartsAreWrittenInOrder) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string text = pattern(5000);
        std::vector<std::span<const std::byte>> parts;
        for (std::size_t at = 0; at < text.size(); ++at)
            parts.push_back(bytes_of(text).subspan(at, 1));
        const auto out = co_await file::open(there.path() + "/a", file_mode::write);
        co_await out.write_at(0, parts);
        EXPECT_TRUE(co_await read_file(there.path() + "/a") == text);
    });
}

TEST(File, IsCutOffAndExtended) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.path() + "/a";
        co_await write_file(path, "0123456789");
        const auto one = co_await file::open(path, file_mode::read_write);
        co_await one.truncate(4);
        EXPECT_EQ(co_await read_file(path), "0123");
        co_await one.truncate(6);
        co_await one.sync_data();
        EXPECT_EQ(co_await read_file(path), std::string("0123\0\0", 6));
    });
}

TEST(File, NewOneMustNotExist) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.path() + "/a";
        const mode_t before = ::umask(022);
        const auto made = co_await file::open(path, file_mode::write_new, 0660);
        ::umask(before);
        EXPECT_EQ((co_await made.status()).permissions, 0640U) << "less the umask";
        EXPECT_EQ(co_await error_of(file::open(path, file_mode::write_new)),
                  std::errc::file_exists);
    });
}

TEST(File, StatusTellsWhatAFileIs) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.file("a", "12345", 0604);
        fs::create_symlink("a", there.path() + "/link");
        const auto about = co_await twill::status_of(there.path() + "/link");
        EXPECT_EQ(about.kind, twill::file_kind::regular);
        EXPECT_EQ(about.size, 5U);
        EXPECT_EQ(about.permissions, 0604U);
        EXPECT_EQ(about.owner, ::getuid());
        EXPECT_EQ(about.names, 1U);
        struct stat plain{};
        EXPECT_EQ(::stat(path.c_str(), &plain), 0);
        EXPECT_EQ(about.number, plain.st_ino);
        EXPECT_EQ(about.modified.time_since_epoch().count(),
                  plain.st_mtim.tv_sec * 1'000'000'000 + plain.st_mtim.tv_nsec);
        EXPECT_EQ((co_await twill::link_status_of(there.path() + "/link")).kind,
                  twill::file_kind::link);
        EXPECT_EQ((co_await twill::status_of(there.path())).kind, twill::file_kind::directory);
        EXPECT_EQ((co_await twill::status_of("/dev/null")).kind,
                  twill::file_kind::character_device);
        EXPECT_EQ(co_await error_of(twill::status_of(there.path() + "/b")),
                  std::errc::no_such_file_or_directory);
        co_await twill::sync_folder(there.path());
        EXPECT_EQ(co_await error_of(twill::sync_folder(path)), std::errc::not_a_directory);
    });
}

TEST(File, MuchIsReadInStepsThatCanBeCancelled) {
    in_runtime([]() -> task<> {
        const auto zeros = co_await file::open("/dev/zero");
        const std::size_t size = std::size_t{1} << 30U;
        const std::unique_ptr<std::byte[]> memory(new std::byte[size]);
        std::size_t progress = 0;
        EXPECT_TRUE(co_await throws<twill::timed_out>(
            twill::with_timeout(1ms, zeros.read_at(0, std::span(memory.get(), size), &progress))));
        EXPECT_LT(progress, size);
        EXPECT_EQ(progress % (4 << 20), 0U) << "whole steps";
    });
}

TEST(File, AppendsToTheEndWhoeverElseDoes) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const std::string path = there.path() + "/log";
        std::vector<task<>> writers;
        auto write = [&](char letter) -> task<> {
            const auto log = co_await file::open(path, file_mode::append);
            for (int line = 0; line < 50; ++line) co_await log.write_all(std::string(99, letter));
        };
        for (char letter = 'a'; letter < 'e'; ++letter) writers.push_back(write(letter));
        co_await twill::when_all(std::move(writers));
        std::string all = co_await read_file(path);
        EXPECT_EQ(all.size(), 4U * 50 * 99);
        std::ranges::sort(all);
        EXPECT_EQ(std::ranges::count(all, 'd'), 50 * 99);
    });
}

TEST(File, ReadingWhatWasOpenedForWritingIsAnError) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        const auto out = co_await file::open(there.path() + "/a", file_mode::write);
        char byte = 0;
        EXPECT_EQ(co_await error_of(out.read_at(0, std::as_writable_bytes(std::span(&byte, 1)))),
                  std::errc::bad_file_descriptor);
    });
}

TEST(File, IsClosedOnExecAndWhenItGoes) {
    const temporary_directory there;
    in_runtime([&]() -> task<> {
        co_await write_file(there.path() + "/a", "x");
        const std::size_t before = open_descriptors();
        {
            const auto one = co_await file::open(there.path() + "/a");
            EXPECT_NE(::fcntl(one.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_EQ(open_descriptors(), before + 1);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(File, LeavesNothingOpenWhereverItIsCancelled) {
    const temporary_directory there;
    const std::size_t before = open_descriptors();
    cancel_everywhere([&]() -> task<> {
        const auto one = co_await file::open(there.path() + "/a", file_mode::read_write);
        co_await one.write_all("text");
        char text[4];
        co_await one.read_at(0, std::as_writable_bytes(std::span(text)));
    });
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
