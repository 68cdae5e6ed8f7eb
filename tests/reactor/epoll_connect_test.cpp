#include <twill/reactor/epoll.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/runtime/runtime.hpp>

#include "support/ends.hpp"
#include "support/tasks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <exception>
#include <string>
#include <vector>

namespace {

using namespace twill_test;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;

TEST(EpollConnect, AcceptsAndConnects) {
    run([]() -> task<> {
        loopback_listener listener;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                for (int i = 0; i < 50; ++i) {
                    const ssize_t fd = co_await request(io_call::accept, listener.socket.source);
                    EXPECT_GE(fd, 0);
                    if (fd < 0) co_return;
                    const watched peer(static_cast<int>(fd));
                    EXPECT_NE(::fcntl(peer.source.fd, F_GETFL) & O_NONBLOCK, 0);
                    EXPECT_NE(::fcntl(peer.source.fd, F_GETFD) & FD_CLOEXEC, 0);
                }
            });
            for (int i = 0; i < 50; ++i) {
                watched client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
                EXPECT_EQ(co_await request(io_call::connect, client.source, &listener.address,
                                           sizeof listener.address),
                          0);
            }
        });
    });
}

TEST(EpollConnect, RefusedConnectionIsTheResult) {
    run([]() -> task<> {
        sockaddr_in nobody{};
        {
            const loopback_listener gone;
            nobody = gone.address;
        }
        watched client(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        EXPECT_EQ(co_await request(io_call::connect, client.source, &nobody, sizeof nobody),
                  -ECONNREFUSED);
    });
}

// It used to be reported as connected.
TEST(EpollConnect, ConnectionToALocalListenerWithAFullQueueIsRefused) {
    run([]() -> task<> {
        watched listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;  // an abstract name, chosen by the kernel
        EXPECT_EQ(::bind(listener.source.fd, reinterpret_cast<const sockaddr*>(&address),
                         sizeof(sa_family_t)),
                  0);
        socklen_t size = sizeof address;
        ::getsockname(listener.source.fd, reinterpret_cast<sockaddr*>(&address), &size);
        ::listen(listener.source.fd, 0);
        std::vector<watched> clients;
        ssize_t last = 0;
        for (int i = 0; i < 10 && last == 0; ++i) {
            clients.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
            last = co_await request(io_call::connect, clients.back().source, &address, size);
        }
        EXPECT_EQ(last, -EAGAIN);
    });
}

TEST(EpollConnect, WithoutDescriptorsAcceptSaysSoAndTheConnectionIsKept) {
    run([]() -> task<> {
        loopback_listener listener;
        auto& source = listener.socket.source;
        // Registered first: the connection waits behind an edge that was fetched already.
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                EXPECT_TRUE(co_await throws<twill::cancelled>(
                    twill::as_task([](io_source& from) -> task<ssize_t> {
                        co_return co_await request(io_call::accept, from);
                    }(source))));
            });
            co_await twill::yield();
            s.cancel();
        });
        const watched client(listener.client());
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        rlimit none = before;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
        const ssize_t refused = co_await request(io_call::accept, source);
        ::setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_EQ(refused, -EMFILE);
        const ssize_t fd = co_await request(io_call::accept, source);
        EXPECT_GE(fd, 0);
        const watched peer(static_cast<int>(fd));
    });
}

TEST(EpollConnect, WithoutDescriptorsTheReactorSaysWhatItWanted) {
    // The sanitizer of undefined behaviour needs a descriptor when it meets a type for the first
    // time: so one error is made before there are none, and the other looked at when there are
    // some.
    static_cast<void>(twill::io_error("meet", "the types", EMFILE));
    std::exception_ptr error;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit none = before;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
    try {
        static_cast<void>(twill::make_epoll_reactor());
    } catch (...) {
        error = std::current_exception();
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    std::string text;
    try {
        if (error) std::rethrow_exception(error);
    } catch (const twill::io_error& e) {
        text = e.what();
    }
    EXPECT_EQ(text, "make an epoll reactor: Too many open files");
}

}  // namespace
