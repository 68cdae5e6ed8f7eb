#include "runtime/timer_slack.hpp"

#include <twill/core/atomic.hpp>
#include <twill/runtime/blocking_pool.hpp>
#include <twill/runtime/compute_pool.hpp>
#include <twill/runtime/detail/ticker.hpp>

#include <gtest/gtest.h>

#include <sys/prctl.h>

#include <thread>

namespace {

using twill::detail::pulse;
using twill::detail::ticker;

int slack_of_this_thread() { return ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0); }

TEST(TimerSlack, IsInheritedAndReturned) {
    const int usual = slack_of_this_thread();
    ASSERT_GT(usual, 1);
    std::thread([usual] {
        twill::detail::want_exact_timers();
        EXPECT_EQ(slack_of_this_thread(), 1);
        std::thread([usual] {
            EXPECT_EQ(slack_of_this_thread(), 1);
            twill::detail::return_inherited_slack();
            EXPECT_EQ(slack_of_this_thread(), usual);
        }).join();
        EXPECT_EQ(slack_of_this_thread(), 1) << "its own is no matter of the other's";
    }).join();
}

// Has a thread of the blocking pool and one of the compute pool started by the ticker's thread.
class starter final : twill::detail::ticker_client {
public:
    starter() {
        ticker::process().enrol(*this);
        wanted_.store(1);
        ticker::process().arm(wanted_);
        told_.wait(0);
        while (told_.load() == 1) told_.wait(1);
        ticker::process().leave(*this);
    }
    starter(const starter&) = delete;
    starter& operator=(const starter&) = delete;
    ~starter() = default;
    [[nodiscard]] int of_ticker() const { return of_ticker_; }
    [[nodiscard]] int of_blocking() const { return blocks_.seen; }
    [[nodiscard]] int of_compute() const { return computes_.seen; }

private:
    struct job final : twill::runnable {
        explicit job(starter& whose) : runnable(&job::execute), owner(whose) {}
        static void execute(runnable& self) noexcept {
            auto& mine = static_cast<job&>(self);
            mine.seen = slack_of_this_thread();
            mine.owner.tell();
        }
        starter& owner;
        int seen = 0;
    };
    struct region final : twill::region {
        explicit region(starter& whose) : twill::region(&execute, &complete), owner(whose) {}
        static void execute(twill::region& self, twill::detail::compute_context&) noexcept {
            static_cast<region&>(self).seen = slack_of_this_thread();
        }
        static void complete(twill::region& self) noexcept {
            static_cast<region&>(self).owner.tell();
        }
        starter& owner;
        int seen = 0;
    };

    pulse tick() noexcept override {
        if (wanted_.exchange(0) != 0) {
            of_ticker_ = slack_of_this_thread();
            blocking_.submit(blocks_);
            compute_.submit(computes_);
        }
        return pulse::none;
    }
    void tell() {
        told_.fetch_add(1);
        told_.notify_one();
    }

    twill::atomic<int> wanted_{0};
    twill::atomic<int> told_{0};
    int of_ticker_ = 0;
    job blocks_{*this};
    region computes_{*this};
    twill::blocking_pool blocking_{{.max_threads = 1}};
    twill::compute_pool compute_{{.workers = 1}};
};

TEST(TimerSlack, OfThreadsThatTheTickerStartsIsTheUsual) {
    const int usual = slack_of_this_thread();
    const starter seen;
    EXPECT_EQ(seen.of_ticker(), 1);
    EXPECT_EQ(seen.of_blocking(), usual);
    EXPECT_EQ(seen.of_compute(), usual);
}

}  // namespace
