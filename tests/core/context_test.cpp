#include <twill/core/context.hpp>

#include <twill/core/cancellation.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/runtime/runtime.hpp>

#include <twill/core/futex_mutex.hpp>
#include <twill/core/random.hpp>

#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace twill_test;
using namespace std::chrono_literals;
using twill::run;
using twill::scope;
using twill::scope_ref;
using twill::task;
using when_cancelled = manual_operation::when_cancelled;

TEST(Context, OperationThatCompletesLaterResumesItsTask) {
    run([]() -> task<> {
        manual_operation op;
        bool resumed = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await borrowed(op);
                resumed = true;
            });
            co_await twill::yield();
            EXPECT_TRUE(op.started());
            op.finish();
            EXPECT_FALSE(resumed) << "nothing is resumed inside complete";
            co_await twill::yield();
            EXPECT_TRUE(resumed);
        });
    });
}

TEST(Context, OperationIsToldOnceHoweverOftenItIsCancelled) {
    run([]() -> task<> {
        manual_operation op(when_cancelled::goes_on);
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> { co_await borrowed(op); });
            co_await twill::yield();
            for (int i = 0; i < 5; ++i) s.cancel();
            EXPECT_EQ(op.cancel_calls(), 1);
            op.finish();
        });
    });
}

TEST(Context, ResultThatIsCompleteBeatsTheCancellation) {
    run([]() -> task<> {
        manual_operation op;
        bool had_result = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&]() -> task<> {
                co_await borrowed(op);
                had_result = true;
                EXPECT_TRUE(co_await twill::cancel_requested());
            });
            co_await twill::yield();
            op.finish();
            s.cancel();
            EXPECT_EQ(op.cancel_calls(), 0);
        });
        EXPECT_TRUE(had_result);
    });
}

TEST(Context, JoinWaitsForChildrenThatIgnoreTheirCancellation) {
    run([]() -> task<> {
        manual_operation op(when_cancelled::goes_on);
        bool joined = false;
        co_await scope([&](scope_ref outer) -> task<> {
            outer.spawn([&]() -> task<> {
                co_await scope([&](scope_ref s) -> task<> {
                    s.spawn([&]() -> task<> { co_await borrowed(op); });
                    co_return;
                });
                joined = true;
            });
            for (int i = 0; i < 3; ++i) co_await twill::yield();
            outer.cancel();
            EXPECT_FALSE(joined);
            op.finish();
        });
        EXPECT_TRUE(joined) << "nothing was cut short, so the scope throws nothing";
    });
}

// What an operation waits at: a place from which either a finisher or its canceller takes it, as a
// socket's direction or a pool's queue is.
class place_to_wait {
public:
    class visit;

    // Ends the operation that waits here, if there is one. Any thread.
    bool finish() noexcept;

private:
    twill::futex_mutex lock_;
    visit* waiting_ = nullptr;
};

class place_to_wait::visit final : public twill::operation {
public:
    explicit visit(place_to_wait& where) noexcept : operation("visit"), where_(where) {}
    void await_resume() const {
        throw_if_refused();
        if (cut_short_) throw twill::cancelled();
    }
    void finished() noexcept { complete(); }

private:
    bool start() noexcept override {
        std::lock_guard hold(where_.lock_);
        if (cut_short_) return true;
        started_ = true;
        where_.waiting_ = this;
        return false;
    }
    void cancel() noexcept override {
        {
            std::lock_guard hold(where_.lock_);
            if (started_ && where_.waiting_ != this) return;  // a finisher has it
            cut_short_ = true;
            if (!started_) return;  // start will see it
            where_.waiting_ = nullptr;
        }
        complete();
    }

    place_to_wait& where_;
    bool started_ = false;
    bool cut_short_ = false;
    friend class place_to_wait;
};

bool place_to_wait::finish() noexcept {
    visit* ended = nullptr;
    {
        std::lock_guard hold(lock_);
        ended = std::exchange(waiting_, nullptr);
    }
    if (ended != nullptr) ended->finished();
    return ended != nullptr;
}

// A stop source that is replaced by the task while another thread stops whatever is there.
class current_source {
public:
    std::stop_token renew() {
        std::lock_guard hold(lock_);
        source_ = std::stop_source();
        return source_.get_token();
    }
    void request_stop() {
        std::stop_source copy(std::nostopstate);
        {
            std::lock_guard hold(lock_);
            copy = source_;
        }
        copy.request_stop();
    }

private:
    twill::futex_mutex lock_;
    std::stop_source source_;
};

// The slot protocol under the thread sanitizer: operations are finished and cancelled by foreign
// threads at random, while the event thread resumes their tasks, frees them, and starts the next.
TEST(Context, CompletionAndCancellationFromSeveralThreadsResumeExactlyOnce) {
    static constexpr int strands = 4;
    // As many rounds as a busy machine lets through in a moment.
    const auto end = twill::now() + 300ms;
    place_to_wait places[strands][2];
    current_source sources[strands];
    twill::atomic<bool> over{false};
    std::vector<std::thread> foreign;
    for (int t = 0; t < 2; ++t)
        foreign.emplace_back([&, t] {
            twill::random_source dice(static_cast<std::uint64_t>(t));
            while (!over.load()) {
                places[dice.below(strands)][dice.below(2)].finish();
                if (dice.below(4) == 0) std::this_thread::yield();
            }
        });
    foreign.emplace_back([&] {
        twill::random_source dice(7);
        while (!over.load()) {
            sources[dice.below(strands)].request_stop();
            std::this_thread::yield();
        }
    });

    twill::atomic<int> begun{0};
    twill::atomic<int> resumed{0};
    run([&]() -> task<> {
        auto visit_both = [&](int n) -> task<> {
            co_await scope([&](scope_ref s) -> task<> {
                s.spawn([&]() -> task<> { co_await place_to_wait::visit(places[n][0]); });
                co_await place_to_wait::visit(places[n][1]);
            });
        };
        auto strand = [&](int n) -> task<> {
            while (twill::now() < end) {
                begun.fetch_add(1);
                auto token = sources[n].renew();
                static_cast<void>(co_await throws<twill::cancelled>(
                    twill::with_stop_token(std::move(token), visit_both(n))));
                resumed.fetch_add(1);
            }
        };
        co_await scope([&](scope_ref s) -> task<> {
            for (int n = 0; n < strands; ++n) s.spawn(strand, n);
            co_return;
        });
    });
    over.store(true);
    for (auto& each : foreign) each.join();
    EXPECT_EQ(resumed.load(), begun.load());
}

// `co_await outermost()`: the context that all others are below.
struct outermost {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        found = &self.promise().current_context();
        while (found->parent() != nullptr) found = found->parent();
        return false;
    }
    twill::context& await_resume() const noexcept { return *found; }
    twill::context* found = nullptr;
};

// As when there is no memory for what is said of a task: the locks stayed held for ever.
TEST(Context, AVisitThatThrowsLeavesNoLockHeld) {
    run([]() -> task<> {
        co_await scope([](scope_ref s) -> task<> {
            s.spawn([]() -> task<> {
                co_await scope([](scope_ref inner) -> task<> {
                    inner.spawn([] { return for_ever(); });
                    co_return;
                });
            });
            co_await twill::yield();
            co_await twill::yield();
            twill::context& all = co_await outermost();
            unsigned deepest = 0;
            all.for_each_below(
                [&](const twill::context&, unsigned depth) { deepest = std::max(deepest, depth); });
            EXPECT_GE(deepest, 2U);
            EXPECT_THROW(all.for_each_below([&](const twill::context&, unsigned depth) {
                if (depth == deepest) throw failure(1);
            }),
                         failure);
            s.cancel();
        });
    });
}

TEST(Context, DeepTreeIsVisitedWithoutRecursion) {
    twill::runtime here({.report = [](std::string_view) {}});
    here.run([&]() -> task<> {
        struct nest {
            static task<> levels(int n, bool& reached) {
                if (n == 0) {
                    reached = true;
                    co_await for_ever();
                }
                co_await scope([&](scope_ref) { return levels(n - 1, reached); });
            }
        };
        bool reached = false;
        co_await scope([&](scope_ref s) -> task<> {
            s.spawn([&] { return nest::levels(1'000, reached); });
            while (!reached) co_await twill::yield();
            const std::string text = here.dump();
            EXPECT_NE(text.find("waits: sleep"), std::string::npos);
            EXPECT_GE(std::count(text.begin(), text.end(), '\n'), 2'000);
            s.cancel();
        });
    });
}

}  // namespace
