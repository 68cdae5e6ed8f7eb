// Runs a scenario again and again and cancels it at its first, second, ... suspension, until it
// gets through uncancelled. Every cut must leave nothing behind and end by a result or by
// `cancelled`.
//
//     cancel_everywhere([] { return fetch_both(); });
//
// A cut comes at one of three moments, one run each: inside the suspension, before the operation
// was started; in the next turn of the event thread, when it waits; and from another thread at any
// moment.
#pragma once

#include "live.hpp"

#include <twill/core/event.hpp>
#include <twill/core/group.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/task.hpp>
#include <twill/runtime/runtime.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <optional>
#include <source_location>
#include <string>
#include <thread>
#include <type_traits>

namespace twill_test {

enum class cut { before_start, next_turn, other_thread };

// Watches suspensions and cancels a context at the n-th.
class suspension_cutter final : public twill::event_sink, private twill::runnable {
public:
    suspension_cutter() noexcept : runnable(&suspension_cutter::in_its_turn) {}

    void aim(twill::context& target, unsigned at, cut how) noexcept {
        target_ = &target;
        at_ = at;
        how_ = how;
        seen_.store(0);
        stage_.store(idle);
        aimed_.store(true);
    }
    // No further cut begins; one that has begun may still be under way.
    void rest() noexcept { aimed_.store(false); }
    [[nodiscard]] bool under_way() const noexcept { return stage_.load() == begun; }
    [[nodiscard]] bool was_made() const noexcept { return stage_.load() == made; }

    // What the other thread does until `stop`.
    void serve() noexcept {
        while (!stopped_.load()) {
            if (asked_.exchange(false)) make();
            std::this_thread::yield();
        }
    }
    void stop() noexcept { stopped_.store(true); }

private:
    enum stage : int { idle, begun, made };

    void record(const twill::event& what) noexcept override {
        if (what.kind != twill::event_kind::task_suspend || !aimed_.load()) return;
        if (seen_.fetch_add(1) + 1 != at_) return;
        stage_.store(begun);
        if (how_ == cut::before_start) make();
        if (how_ == cut::next_turn) target_->home().post(*this);
        if (how_ == cut::other_thread) asked_.store(true);
    }
    static void in_its_turn(runnable& self) noexcept {
        static_cast<suspension_cutter&>(self).make();
    }
    void make() noexcept {
        target_->request_cancel();
        stage_.store(made);
    }

    twill::context* target_ = nullptr;
    unsigned at_ = 0;
    cut how_ = cut::before_start;
    twill::atomic<bool> aimed_{false};
    twill::atomic<bool> asked_{false};
    twill::atomic<bool> stopped_{false};
    twill::atomic<unsigned> seen_{0};
    twill::atomic<int> stage_{idle};
};

struct cut_outcome {
    bool was_cut = false;
    std::exception_ptr error;
};

template <class Scenario>
cut_outcome run_and_cut(suspension_cutter& cutter, Scenario& scenario, unsigned at, cut how) {
    using result = typename std::invoke_result_t<Scenario&>::value_type;
    cut_outcome outcome;
    twill::run({}, [&]() -> twill::task<> {
        const auto here = std::source_location::current();
        twill::context& owner = co_await twill::detail::current();
        twill::detail::group target(owner, here, twill::failure_policy::leave_rest);
        {
            twill::detail::task_branch<result> work({target, scenario(), here});
            cutter.aim(target, at + 1, how);  // the first suspension is the join below
            co_await target.join(work.first_step());
            cutter.rest();
            outcome.error = work.error();
        }
        while (cutter.under_way()) co_await twill::yield();
        outcome.was_cut = cutter.was_made();
    });
    return outcome;
}

// `scenario()` gives a task; it is called for each run. `may_throw` says which errors other than
// `cancelled` a cut may end in (by default none). Returns how many suspensions a run has.
template <class Scenario>
unsigned cancel_everywhere(Scenario scenario,
                           const std::function<bool(const std::exception_ptr&)>& may_throw = {}) {
    static constexpr unsigned most = 10'000;
    unsigned suspensions = 0;
    for (const cut how : {cut::before_start, cut::next_turn, cut::other_thread}) {
        suspension_cutter one;
        twill::set_event_sink(&one);
        std::thread other([&] { one.serve(); });
        unsigned at = 1;
        for (;; ++at) {
            const int before = live::count.load();
            const cut_outcome ended = run_and_cut(one, scenario, at, how);
            const std::string where =
                "cut at suspension " + std::to_string(at) + ", way " + std::to_string(int(how));
            EXPECT_EQ(live::count.load(), before) << where << ": objects are left behind";
            if (ended.error && !twill::detail::is_cancellation(ended.error) &&
                !(may_throw && may_throw(ended.error)))
                ADD_FAILURE() << where << ": ended by another error than `cancelled`";
            if (!ended.was_cut) {
                EXPECT_FALSE(ended.error) << "without a cut it fails";
                break;
            }
            if (at == most) {
                ADD_FAILURE() << "no end after " << most << " cuts";
                break;
            }
        }
        suspensions = at - 1;
        one.stop();
        other.join();
        twill::set_event_sink(nullptr);
    }
    return suspensions;
}

}  // namespace twill_test
