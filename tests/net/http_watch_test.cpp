#include "net/http_watch.hpp"

#include <twill/core/cancellation.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>

#include "io/streams.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace twill_test;
using twill::task;
using twill::detail::http_watch;
using twill::detail::http_watched;

class watched final : public http_watched {
public:
    explicit watched(int fd) noexcept : fd_(fd) {}

private:
    [[nodiscard]] int descriptor() const noexcept override { return fd_; }
    int fd_;
};

// Runs `body(watch, who, client)` beside a handler that waits for ever; both ends are this
// process's.
template <class Body>
void beside_handler(Body body) {
    in_runtime([&]() -> task<> {
        auto ends = co_await connected();
        http_watch watch;
        watched who(ends.server.native_handle());
        bool ended = false;
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&] { return watch.run(); });
            const auto handler = [&]() -> task<> {
                watch.enter(who, co_await twill::detail::current());
                EXPECT_TRUE(co_await throws<twill::cancelled>(for_ever()));
                watch.leave(who);
                ended = true;
            };
            s.spawn(handler);
            while (watch.count() == 0) co_await twill::sleep(1ms);
            co_await body(watch, who, ends.client);
            while (!ended) co_await twill::sleep(1ms);
            s.cancel();
        });
    });
}

// However long it has run already: looking at it now and then would come ever more seldom.
TEST(HttpWatch, AClientThatGoesIsToldAtOnceLateInALongRequest) {
    beside_handler([](http_watch& watch, http_watched& who, twill::tcp_stream& client) -> task<> {
        who.set_half_is_gone(true);
        watch.set_handling(who, twill::now() - 1h);
        co_await twill::sleep(50ms);  // it is watched by now
        EXPECT_FALSE(who.expired());
        const auto left = twill::now();
        client.close();
        while (!who.expired()) co_await twill::sleep(1ms);
        EXPECT_LT(twill::now() - left, 4s);
        EXPECT_TRUE(who.client_gone());
    });
}

TEST(HttpWatch, TimeThatIsUpIsNoClientThatWent) {
    beside_handler(
        [](http_watch& watch, http_watched& who, twill::tcp_stream& /*client*/) -> task<> {
            watch.set_handling(who, twill::now());
            watch.set_due(who, twill::after(twill::now(), 10ms));
            while (!who.expired()) co_await twill::sleep(1ms);
            EXPECT_FALSE(who.client_gone());
        });
}

TEST(HttpWatch, OnceTheHandlerHasEndedNobodyIsCutOff) {
    beside_handler([](http_watch& watch, http_watched& who, twill::tcp_stream& client) -> task<> {
        who.set_half_is_gone(true);
        watch.set_handling(who, twill::now() - 1s);
        co_await twill::sleep(20ms);
        watch.clear_handling(who);
        client.shutdown_write();
        co_await twill::sleep(20ms);
        EXPECT_FALSE(who.expired());
        // It is told again to the next one.
        watch.set_handling(who, twill::now() - 1s);
        while (!who.expired()) co_await twill::sleep(1ms);
    });
}

TEST(HttpWatch, WhoWaitsForADepartureIsTold) {
    beside_handler([](http_watch& watch, http_watched& who, twill::tcp_stream& client) -> task<> {
        who.outlive_client();
        watch.set_handling(who, twill::now());
        who.set_half_is_gone(true);
        client.shutdown_write();
        {
            twill::detail::http_departure departure(watch, who);
            co_await departure.wait();
            twill::detail::http_departure another(watch, who);
            co_await another.wait();
        }
        EXPECT_FALSE(who.expired());
        watch.set_due(who, twill::now());
    });
}

}  // namespace
