// Calls on files by io_uring, as requests of the reactor. Pipes serve as files of which a read
// takes as long as a test wants.
#include <twill/reactor/make_reactor.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/file.hpp>
#include <twill/runtime/runtime.hpp>

#include "io/fixtures.hpp"
#include "support/denied_call.hpp"
#include "support/ends.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::file_call;
using twill::file_request;
using twill::reactor_kind;
using twill::scope;
using twill::scope_ref;
using twill::task;

// Why there is no ring here, or nothing.
std::string why_no_ring() {
    try {
        static_cast<void>(twill::make_reactor(reactor_kind::io_uring));
    } catch (const twill::usage_error& why) {
        return why.what();
    }
    return "";
}

class FileRing : public testing::Test {
protected:
    void SetUp() override {
        if (const auto why = why_no_ring(); !why.empty()) GTEST_SKIP() << why;
    }
};

struct place {
    explicit place(std::span<char> bytes) : part{bytes.data(), bytes.size()} {}
    iovec part;
};

// Gives what the call returned, or -errno; -ENOSYS when it is undone.
class file_call_request : place, public file_request {
public:
    file_call_request(file_call what, int fd, std::span<char> bytes = {}, std::uint64_t offset = 0)
        : place(bytes), file_request("file request", what, fd, &part, 1, offset) {}
    ssize_t await_resume() const {
        throw_if_cancelled();
        return undone ? -ENOSYS : result;
    }

protected:
    ~file_call_request() = default;
};

class file_call_once final : public file_call_request {
public:
    using file_call_request::file_call_request;
};

template <class Body>
void with_ring(Body body) {
    twill::run({.reactor = reactor_kind::io_uring}, std::move(body));
}

struct blocking_pipe {
    blocking_pipe() {
        if (::pipe2(ends, O_CLOEXEC) != 0) throw failure(errno);
    }
    ~blocking_pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    blocking_pipe(const blocking_pipe&) = delete;
    blocking_pipe& operator=(const blocking_pipe&) = delete;
    void put(char byte) const { ASSERT_EQ(::write(ends[1], &byte, 1), 1); }
    int ends[2]{};
};

TEST_F(FileRing, MakesCallsOnFiles) {
    const temporary_directory there;
    with_ring([&]() -> task<> {
        const int fd = ::open((there.path() + "/a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        std::string text = "hello, ring";
        EXPECT_EQ(co_await file_call_once(file_call::write, fd, text, 5), 11);
        EXPECT_EQ(co_await file_call_once(file_call::sync, fd), 0);
        EXPECT_EQ(co_await file_call_once(file_call::sync_data, fd), 0);
        std::string got(100, '\0');
        EXPECT_EQ(co_await file_call_once(file_call::read, fd, got, 5), 11);
        EXPECT_EQ(got.substr(0, 11), text);
        EXPECT_EQ(co_await file_call_once(file_call::read, fd, got, 1000), 0) << "the end";
        ::close(fd);
        EXPECT_EQ(co_await file_call_once(file_call::read, fd, got), -EBADF);
    });
}

TEST_F(FileRing, SeveralPartsAreOneCall) {
    const temporary_directory there;
    with_ring([&]() -> task<> {
        const int fd = ::open((there.path() + "/a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        std::string bytes = "onetwo";
        std::array<iovec, 2> parts{{{bytes.data(), 3}, {bytes.data() + 3, 3}}};
        struct vectored final : file_request {
            vectored(file_call what, int fd, std::span<const iovec> parts)
                : file_request("vectored", what, fd, parts.data(),
                               static_cast<unsigned>(parts.size())) {}
            ssize_t await_resume() const { return result; }
        };
        vectored write(file_call::write, fd, parts);
        EXPECT_EQ(co_await write, 6);
        bytes = "......";
        std::swap(parts[0], parts[1]);
        vectored read(file_call::read, fd, parts);
        EXPECT_EQ(co_await read, 6);
        EXPECT_EQ(bytes, "twoone");
        ::close(fd);
    });
}

// More than the ring has entries for, and than a look at its answers takes.
TEST_F(FileRing, TakesMoreThanItHasEntriesFor) {
    static constexpr int count = 500;
    with_ring([]() -> task<> {
        const blocking_pipe from;
        int ended = 0;
        co_await scope([&](scope_ref s) -> task<> {
            for (int i = 0; i < count; ++i)
                s.spawn([&]() -> task<> {
                    char byte = 0;
                    const ssize_t got =
                        co_await file_call_once(file_call::read, from.ends[0], std::span(&byte, 1));
                    EXPECT_EQ(got, 1);
                    EXPECT_EQ(byte, 'x');
                    ++ended;
                });
            co_await twill::yield();
            EXPECT_EQ(ended, 0);
            for (int i = 0; i < count; ++i) from.put('x');
        });
        EXPECT_EQ(ended, count);
    });
}

TEST_F(FileRing, CancelledReadTakesNothingAndLeavesItsBufferAlone) {
    with_ring([]() -> task<> {
        const blocking_pipe from;
        char byte = '-';
        EXPECT_TRUE(
            co_await throws<twill::timed_out>(twill::with_timeout(1ms, [&]() -> task<ssize_t> {
                co_return co_await file_call_once(file_call::read, from.ends[0],
                                                  std::span(&byte, 1));
            }())));
        from.put('x');
        char next = 0;
        EXPECT_EQ(co_await file_call_once(file_call::read, from.ends[0], std::span(&next, 1)), 1);
        EXPECT_EQ(next, 'x');
        EXPECT_EQ(byte, '-');
    });
}

TEST_F(FileRing, CancellationMeetsNobodyElse) {
    with_ring([]() -> task<> {
        const blocking_pipe from;
        // They lie where the one before lay: each cancellation is over before.
        for (int round = 0; round < 300; ++round) {
            char byte = 0;
            if (round % 2 == 0) {
                const auto limit = std::chrono::microseconds(round % 7);
                EXPECT_TRUE(co_await throws<twill::timed_out>(
                    twill::with_timeout(limit, [&]() -> task<ssize_t> {
                        co_return co_await file_call_once(file_call::read, from.ends[0],
                                                          std::span(&byte, 1));
                    }())));
                continue;
            }
            from.put('x');
            EXPECT_EQ(co_await file_call_once(file_call::read, from.ends[0], std::span(&byte, 1)),
                      1);
        }
    });
}

// The kernel makes the submitting thread finish some reads, and asks nobody once that has ended:
// such a request is answered, done or undone.
TEST_F(FileRing, AnswersThoughTheThreadThatAskedHasEnded) {
    class asked_elsewhere final : public file_call_request {
    public:
        using file_call_request::file_call_request;

    private:
        bool start() noexcept override {
            bool at_once = false;
            std::thread([&] { at_once = owner().home().io().submit(*this); }).join();
            return at_once;
        }
    };
    with_ring([]() -> task<> {
        const blocking_pipe from;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                char byte = 0;
                asked_elsewhere one(file_call::read, from.ends[0], std::span(&byte, 1));
                const ssize_t got = co_await one;
                EXPECT_TRUE(got == 1 || got == -ENOSYS) << got;
                if (got != 1) {
                    EXPECT_EQ(::read(from.ends[0], &byte, 1), 1);
                }
                EXPECT_EQ(byte, 'x');
            });
            co_await twill::yield();
            from.put('x');
        });
    });
}

task<> uses_a_file(std::string path) {
    co_await twill::write_file(path, "content");
    auto it = co_await twill::file::open(path, twill::file_mode::read_write);
    std::array<std::byte, 10> buffer{};
    EXPECT_EQ(co_await it.read_at(0, buffer), 7U);
    co_await it.write_at(7, std::as_bytes(std::span("more", 4)));
    co_await it.sync();
    EXPECT_EQ(co_await twill::read_file(path), "contentmore");
}

// As containers do, or an old kernel.
TEST(FileRingDenied, FilesAreForTheBlockingPoolThen) {
    const temporary_directory there;
    for (const long number : {SYS_io_uring_setup, SYS_io_uring_register, SYS_io_uring_enter})
        for (const int error : {EPERM, ENOSYS})
            in_own_thread([&] {
                ASSERT_TRUE(deny_call(number, error));
                twill::run({.reactor = reactor_kind::automatic},
                           [&] { return uses_a_file(there.path() + "/a"); });
            });
}

TEST(FileRingDenied, SaysSoWhereItWasAskedFor) {
    in_own_thread([] {
        ASSERT_TRUE(deny_call(SYS_io_uring_setup, EPERM));
        const auto why = why_no_ring();
        EXPECT_NE(why.find("TWILL_REACTOR"), std::string::npos) << why;
        EXPECT_NE(why.find("cannot be had"), std::string::npos) << why;
        EXPECT_THROW(twill::run({.reactor = reactor_kind::io_uring}, []() -> task<> { co_return; }),
                     twill::usage_error);
    });
}

}  // namespace
