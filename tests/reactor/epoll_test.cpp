#include <twill/reactor/epoll.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/random.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/when_all.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/cancel_everywhere.hpp"
#include "support/denied_call.hpp"
#include "support/ends.hpp"
#include "support/live.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(Epoll, ReceivesWhatIsThereAndWaitsForWhatComes) {
    run([]() -> task<> {
        for (auto make : {local_pair, tcp_pair}) {
            auto [a, b] = make();
            put(a, "first");
            EXPECT_EQ(co_await receive_some(b.source), "first");
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { EXPECT_EQ(co_await receive_some(b.source), "second"); });
                co_await twill::yield();
                put(a, "second");
            });
            a.close();
            EXPECT_EQ(co_await receive_some(b.source), "");
            EXPECT_EQ(co_await receive_some(b.source), "") << "the end of a stream stays";
        }
    });
}

TEST(Epoll, ShortReadsAndThenMoreLoseNothing) {
    run([]() -> task<> {
        for (auto make : {local_pair, tcp_pair}) {
            auto [a, b] = make();
            std::string sent;
            std::string received;
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    twill::random_source dice(1);
                    for (;;) {
                        const auto some = co_await receive_some(b.source, 1 + dice.below(20));
                        if (some.empty()) co_return;
                        received += some;
                    }
                });
                twill::random_source dice(2);
                for (int i = 0; i < 2000; ++i) {
                    const std::string some(1 + dice.below(30), static_cast<char>('a' + i % 26));
                    sent += some;
                    co_await send_all(a.source, some);
                    if (dice.below(3) == 0) co_await twill::yield();
                }
                a.close();
            });
            EXPECT_EQ(received, sent);
        }
    });
}

// The bytes and the end came together: one edge for both, and none for the end alone.
TEST(Epoll, EndOfStreamThatCameWithTheLastBytesIsSeen) {
    run([]() -> task<> {
        for (auto make : {local_pair, tcp_pair}) {
            for (const bool waits_first : {true, false}) {
                auto [a, b] = make();
                std::string got;
                co_await scope([&](scope_ref s) -> task<> {
                    s.spawn([&]() -> task<> {
                        EXPECT_EQ(co_await receive_some(b.source), "0");  // registers
                        if (!waits_first) co_await twill::sleep(1ms);
                        got += co_await receive_some(b.source);
                        got += co_await receive_some(b.source) + ".";
                    });
                    co_await twill::yield();
                    put(a, "0");
                    co_await twill::sleep(200us);
                    put(a, "last");
                    a.close();
                });
                EXPECT_EQ(got, "last.");
            }
        }
    });
}

// A short read used to be taken for "no more", also where the kernel stops for another reason.
TEST(Epoll, BytesBehindPassedDescriptorsAreReceived) {
    run([]() -> task<> {
        auto [a, b] = local_pair();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_EQ(co_await receive_some(b.source), "0");
                co_await twill::sleep(1ms);
                EXPECT_EQ(co_await receive_some(b.source), "a");
                EXPECT_EQ(co_await receive_some(b.source), "b");
            });
            co_await twill::yield();
            put(a, "0");
            co_await twill::sleep(200us);
            char control[CMSG_SPACE(sizeof(int))] = {};
            char byte = 'a';
            iovec bytes{&byte, 1};
            msghdr message{};
            message.msg_iov = &bytes;
            message.msg_iovlen = 1;
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof(int));
            const int fd = STDERR_FILENO;
            std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
            EXPECT_EQ(::sendmsg(a.source.fd, &message, 0), 1);
            put(a, "b");
        });
    });
}

TEST(Epoll, BytesBehindUrgentDataAreReceived) {
    run([]() -> task<> {
        auto [a, b] = tcp_pair();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_EQ(co_await receive_some(b.source), "0");
                co_await twill::sleep(2ms);
                EXPECT_EQ(co_await receive_some(b.source), "abc");
                EXPECT_EQ(co_await receive_some(b.source), "def");
            });
            co_await twill::yield();
            put(a, "0");
            co_await twill::sleep(200us);
            put(a, "abc");
            EXPECT_EQ(::send(a.source.fd, "!", 1, MSG_OOB), 1);
            put(a, "def");
        });
    });
}

TEST(Epoll, WholeRequestsGoOnUntilAllIsMoved) {
    run([]() -> task<> {
        for (auto make : {local_pair, tcp_pair}) {
            auto [a, b] = make();
            const std::string text(8 << 20, 'x');  // far more than the buffers hold
            std::string got(text.size(), '\0');
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    EXPECT_EQ(
                        co_await request(io_call::receive, b.source, got.data(), got.size(), true),
                        static_cast<ssize_t>(got.size()));
                });
                EXPECT_EQ(co_await send_all(a.source, text), static_cast<ssize_t>(text.size()));
            });
            EXPECT_TRUE(got == text);
        }
    });
}

TEST(Epoll, BothDirectionsAtOnce) {
    run([]() -> task<> {
        auto [a, b] = tcp_pair();
        auto shovel = [](io_source& end) -> task<> {
            const std::string text(1 << 20, 'y');
            std::string got(text.size(), '\0');
            auto read = [&]() -> task<ssize_t> {
                co_return co_await request(io_call::receive, end, got.data(), got.size(), true);
            };
            const auto [sent, received] = co_await twill::when_all(send_all(end, text), read());
            EXPECT_EQ(sent, received);
        };
        co_await twill::when_all(shovel(a.source), shovel(b.source));
    });
}

TEST(Epoll, CancelledItEndsAndTheNextRequestFindsItsData) {
    run([]() -> task<> {
        auto [a, b] = tcp_pair();
        for (int i = 0; i < 3; ++i) {
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    EXPECT_TRUE(co_await throws<twill::cancelled>(receive_some(b.source)));
                });
                co_await twill::yield();
                s.cancel();
            });
            put(a, "kept");
            EXPECT_EQ(co_await receive_some(b.source), "kept");
        }
    });
}

TEST(Epoll, ResultThatIsThereBeatsTheCancellation) {
    run([]() -> task<> {
        auto [a, b] = tcp_pair();
        std::string got;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { got = co_await receive_some(b.source); });
            s.spawn([&] { put(a, "x"); });
            while (got.empty()) co_await twill::yield();
            s.cancel();
        });
        EXPECT_EQ(got, "x");
    });
}

TEST(Epoll, InACancelledTaskARequestDoesNotStart) {
    run([]() -> task<> {
        auto [a, b] = local_pair();
        put(a, "stays");
        co_await scope([&](scope_ref s) -> task<> {
            s.cancel();
            EXPECT_TRUE(co_await throws<twill::cancelled>(receive_some(b.source)));
        });
        EXPECT_EQ(co_await receive_some(b.source), "stays");
    });
}

TEST(Epoll, SecondRequestInTheSameDirectionIsRefused) {
    run([]() -> task<> {
        auto [a, b] = local_pair();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { EXPECT_EQ(co_await receive_some(b.source), "x"); });
            co_await twill::yield();
            char byte = 0;
            EXPECT_EQ(co_await request(io_call::receive, b.source, &byte, 1), -EBUSY);
            EXPECT_EQ(co_await send_all(b.source, "y"), 1) << "the other direction is free";
            put(a, "x");
        });
    });
}

TEST(Epoll, DescriptorNumbersThatAreUsedAgainGetNoOldEvents) {
    run([]() -> task<> {
        for (int i = 0; i < 200; ++i) {
            auto [a, b] = local_pair();
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    EXPECT_TRUE(co_await throws<twill::cancelled>(receive_some(b.source)));
                });
                co_await twill::yield();
                s.cancel();
            });
            put(a, "old");  // an edge that nobody fetches before it is closed
        }
    });
}

// The event is fetched, and its source forgotten, before it is delivered: at the level of the
// reactor, with the registration used again by another source.
TEST(Epoll, ForgottenSourcesRegistrationIsReusedSafely) {
    run([]() -> task<> {
        auto [a, b] = local_pair();
        put(a, "1");
        EXPECT_EQ(co_await receive_some(b.source), "1");
        {
            watched twin(::dup(b.source.fd));
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    EXPECT_TRUE(co_await throws<twill::cancelled>(receive_some(twin.source)));
                });
                co_await twill::yield();
                s.cancel();
            });
        }
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { EXPECT_EQ(co_await receive_some(b.source), "2"); });
            co_await twill::yield();
            put(a, "2");
        });
    });
}

TEST(Epoll, RefusedRegistrationIsTheResult) {
    run([]() -> task<> {
        auto [a, b] = local_pair();
        io_source same(b.source.fd);  // a second source of one descriptor
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { EXPECT_EQ(co_await receive_some(b.source), "x"); });
            co_await twill::yield();
            char byte = 0;
            EXPECT_EQ(co_await request(io_call::receive, same, &byte, 1), -EEXIST);
            EXPECT_EQ(same.registered_in, nullptr);
            put(a, "x");
        });
        io_source closed(987'654);
        char byte = 0;
        EXPECT_EQ(co_await request(io_call::read, closed, &byte, 1), -EBADF);
    });
}

TEST(Epoll, RegularFilesNeedNoRegistration) {
    run([]() -> task<> {
        watched file(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
        char byte = 0;
        EXPECT_EQ(co_await request(io_call::read, file.source, &byte, 1), 1);
        EXPECT_EQ(co_await request(io_call::readable, file.source), 0);
        EXPECT_EQ(file.source.registered_in, nullptr);
    });
}

TEST(Epoll, PipesMoveBytesAndTellTheirEnd) {
    run([]() -> task<> {
        auto [r, w] = pipe_pair();
        const std::string text(1 << 20, 'p');
        std::string got(text.size(), '\0');
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                std::string copy = text;
                EXPECT_EQ(
                    co_await request(io_call::write, w.source, copy.data(), copy.size(), true),
                    static_cast<ssize_t>(text.size()));
                w.close();
            });
            EXPECT_EQ(co_await request(io_call::read, r.source, got.data(), got.size(), true),
                      static_cast<ssize_t>(text.size()));
            char byte = 0;
            EXPECT_EQ(co_await request(io_call::read, r.source, &byte, 1), 0);
        });
        EXPECT_TRUE(got == text);
    });
}

TEST(Epoll, WritingWithoutAReaderRaisesNoSignal) {
    // The default disposition would end this process.
    ASSERT_NE(::signal(SIGPIPE, SIG_DFL), SIG_ERR);
    run([]() -> task<> {
        {
            auto [r, w] = pipe_pair();
            r.close();
            char byte = 0;
            EXPECT_EQ(co_await request(io_call::write, w.source, &byte, 1), -EPIPE);
        }
        for (auto make : {local_pair, tcp_pair}) {
            auto [a, b] = make();
            a.close();
            ssize_t last = 0;
            for (int i = 0; i < 100 && last >= 0; ++i) {
                last = co_await send_all(b.source, "x");
                co_await twill::sleep(100us);
            }
            EXPECT_TRUE(last == -EPIPE || last == -ECONNRESET) << last;
        }
        // One that waits for room.
        auto [r, w] = pipe_pair();
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                std::string much(1 << 20, 'z');
                EXPECT_EQ(
                    co_await request(io_call::write, w.source, much.data(), much.size(), true),
                    -EPIPE);
            });
            co_await twill::yield();
            r.close();
        });
        sigset_t blocked;
        sigset_t pending;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        ::sigpending(&pending);
        EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    });
}

TEST(Epoll, SourceThatIsAlwaysReadyDoesNotHoldUpTheOthers) {
    run([]() -> task<> {
        watched zeros(::open("/dev/zero", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        auto [a, b] = local_pair();
        twill::atomic<bool> stop{false};
        twill::atomic<long> reads{0};
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                char byte = 0;
                while (!stop.load()) {
                    co_await request(io_call::read, zeros.source, &byte, 1);
                    reads.fetch_add(1);
                }
            });
            s.spawn([&]() -> task<> {
                EXPECT_EQ(co_await receive_some(b.source), "through");
                stop.store(true);
            });
            while (reads.load() == 0) co_await twill::sleep(200us);
            put(a, "through");
        });
    });
}

TEST(Epoll, WakeBeforeThePollEndsIt) {
    auto io = twill::make_epoll_reactor();
    io->wake();
    EXPECT_EQ(io->poll(twill::duration::max()), 0U);
    std::thread other([&] { io->wake(); });
    EXPECT_EQ(io->poll(twill::duration::max()), 0U);
    other.join();
    const auto start = twill::now();
    io->poll(1ms);
    EXPECT_GE(twill::now() - start, 1ms);
}

TEST(Epoll, WaitsInMillisecondsWhereTheKernelKnowsNoFinerOnes) {
    in_own_thread([] {
        auto io = twill::make_epoll_reactor();
        if (!deny_call(SYS_epoll_pwait2, ENOSYS)) GTEST_SKIP() << "no seccomp filters";
        for (const auto length : {1500us, 300us}) {
            const auto start = twill::now();
            EXPECT_EQ(io->poll(length), 0U);
            EXPECT_GE(twill::now() - start, length);
        }
        io->wake();
        EXPECT_EQ(io->poll(1h), 0U);
    });
}

TEST(Epoll, CancellationFromAForeignThreadRacesWithData) {
    run([]() -> task<> {
        for (int i = 0; i < 300; ++i) {
            auto [a, b] = tcp_pair();
            std::stop_source stop;
            std::thread canceller([&] { stop.request_stop(); });
            put(a, "x");
            std::string got;
            const bool cut_short = co_await throws<twill::cancelled>(twill::with_stop_token(
                stop.get_token(), [](io_source& from, std::string& into) -> task<> {
                    into = co_await receive_some(from);
                }(b.source, got)));
            canceller.join();
            if (cut_short) {
                EXPECT_EQ(co_await receive_some(b.source), "x") << "a cut request took the data";
            } else
                EXPECT_EQ(got, "x");
        }
    });
}

TEST(Epoll, WritableIsToldOnceThereIsRoom) {
    run([]() -> task<> {
        for (auto make : {local_pair, tcp_pair}) {
            auto [a, b] = make();
            EXPECT_EQ(co_await request(io_call::writable, a.source), 0);
            const std::string much(1 << 16, 'x');
            std::size_t sent = 0;
            for (ssize_t some = 0; some >= 0; sent += static_cast<std::size_t>(some)) {
                some = ::send(a.source.fd, much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
                if (some < 0) break;
            }
            bool told = false;
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    EXPECT_EQ(co_await request(io_call::writable, a.source), 0);
                    told = true;
                });
                co_await twill::yield();
                EXPECT_FALSE(told);
                for (std::size_t got = 0; got < sent;)
                    got += (co_await receive_some(b.source, 1 << 16)).size();
            });
            EXPECT_TRUE(told);
        }
    });
}

// Whoever comes first registers the descriptor; the other finds that done.
TEST(Epoll, AReaderAndAWriterThatComeAtOnceAreBothTold) {
    run({.event_threads = 2, .event_delay = 0ns}, []() -> task<> {
        const std::string much(1 << 16, 'x');
        for (int i = 0; i < 500; ++i) {
            auto [a, b] = local_pair();
            std::size_t sent = 0;
            for (;;) {
                const ssize_t some = ::send(b.source.fd, much.data(), much.size(), MSG_NOSIGNAL);
                if (some < 0) break;
                sent += static_cast<std::size_t>(some);
            }
            std::atomic<int> here = 0;
            // On two threads; where there is one, it does not wait for ever.
            const auto meet = [&] {
                ++here;
                for (int looks = 0; here != 2 && looks != 20'000; ++looks) {
                }
            };
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> {
                    meet();
                    EXPECT_EQ(co_await receive_some(b.source), "x");
                });
                s.spawn([&]() -> task<> {
                    meet();
                    EXPECT_EQ(co_await request(io_call::writable, b.source), 0);
                });
                while (here != 2) co_await twill::yield();
                put(a, "x");
                for (std::size_t got = 0; got < sent;)
                    got += (co_await receive_some(a.source, 1 << 16)).size();
            });
        }
    });
}

TEST(Epoll, MessagesKeepTheirBounds) {
    run([]() -> task<> {
        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        watched from(fds[0]);
        watched to(fds[1]);
        std::string text(100, '\0');
        iovec place{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &place;
        message.msg_iovlen = 1;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_EQ(co_await request(io_call::receive_message, to.source, &message), 3);
                EXPECT_EQ(text.substr(0, 3), "one");
                EXPECT_EQ(co_await request(io_call::receive_message, to.source, &message), 5);
                EXPECT_EQ(text.substr(0, 5), "three");
            });
            co_await twill::yield();
            for (std::string one : {std::string("one"), std::string("three")}) {
                iovec part{one.data(), one.size()};
                msghdr sent{};
                sent.msg_iov = &part;
                sent.msg_iovlen = 1;
                EXPECT_EQ(co_await request(io_call::send_message, from.source, &sent),
                          static_cast<ssize_t>(one.size()));
            }
        });
        // Nobody is left, and no SIGPIPE is raised.
        to.close();
        std::string one = "x";
        iovec part{one.data(), one.size()};
        msghdr sent{};
        sent.msg_iov = &part;
        sent.msg_iovlen = 1;
        EXPECT_EQ(co_await request(io_call::send_message, from.source, &sent), -ECONNREFUSED);
    });
}

TEST(Epoll, CutAnywhereLosesNoByteAndLeavesNothingBehind) {
    cancel_everywhere([]() -> task<> {
        auto [a, b] = tcp_pair();
        auto talk = [](io_source& from, io_source& to, live) -> task<live> {
            static_cast<void>(co_await send_all(to, "hello"));
            static_cast<void>(co_await receive_some(from, 3));
            static_cast<void>(co_await receive_some(from, 2));
            static_cast<void>(co_await send_all(to, "again"));
            static_cast<void>(co_await receive_some(from));
            co_return live();
        };
        static_cast<void>(co_await twill::when_all(talk(a.source, b.source, live()),
                                                   talk(b.source, a.source, live())));
    });
}

}  // namespace
