// Who sleeps and who wakes whom: compute_sleep.cpp, and compute_worker::wait_for.
#include "model/simulation.hpp"

#include <algorithm>
#include <utility>

namespace twill::inline TWILL_ABI::bench {

// The lock does not spin: whoever finds it held sleeps in the kernel.
ticks simulation::with_lock() {
    const ticks own = cost_.lock + cost_.line;
    if (lock_free_ <= now_) {
        lock_free_ = now_ + own;
        return own;
    }
    ++result_.lock_contended;
    if (policy_.lock_spins && lock_free_ - now_ < 1 * us) {
        const ticks spun = lock_free_ - now_;
        lock_free_ += own;
        result_.lock_wait += spun;
        return spun + own;
    }
    const ticks delay = lock_free_ - now_ + cost_.wake;
    result_.lock_wait += delay;
    return delay + own;
}

void simulation::wake(worker_model& w, ticks delay) {
    ++result_.wakes;
    // Between three and five quarters of it: not all threads in step.
    const auto latency = static_cast<double>(cost_.wake) * (0.75 + 0.5 * dice_.unit());
    schedule(w.number, now_ + delay + static_cast<ticks>(latency));
}

bool simulation::call_up(bool may_start, ticks& cost) {
    if (running_ >= cores_) return false;
    worker_model* sleeper = nullptr;
    if (!idle_.empty()) {
        sleeper = idle_.back();
        idle_.pop_back();
    } else if (may_start && workers_.size() < 4 * std::size_t{cores_} + 16) {
        sleeper = &make_worker();
        cost += cost_.start_thread;
    } else {
        return false;
    }
    ++running_;
    wake(*sleeper, cost);
    cost += cost_.wake_call;
    return true;
}

ticks simulation::invite(worker_model& from) {
    if (running_ >= cores_ || from.offer == nullptr) return 0;
    ticks length = with_lock();
    if (worker_model* const waiter = call_waiter(from)) {
        wake(*waiter, length);
        return length + cost_.wake_call;
    }
    call_up(false, length);
    return length;
}

worker_model* simulation::call_waiter(worker_model& from) {
    for (job_model* job = from.offer->parent; job != nullptr; job = job->parent) {
        worker_model* const owner = job->owner;
        if (owner->awaited != job || owner->help_whom != nullptr) continue;
        owner->help_whom = &from;
        owner->help_what = from.offers;
        ++running_;
        return owner;
    }
    return nullptr;
}

bool simulation::anything_on_offer() const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const auto& w) { return w->offer != nullptr; });
}

job_model* simulation::part_of(const job_model& awaited) {
    if (awaited.executor == nullptr) return nullptr;
    job_model* const shown = awaited.executor->offer;
    return shown != nullptr && shown->offer_depth >= awaited.depth ? shown : nullptr;
}

void simulation::take(worker_model& thief, worker_model& victim) {
    job_model& job = *std::exchange(victim.offer, nullptr);
    job.at = job_model::state::running;
    ++result_.steals;
    begin(thief, job);
    charge(thief, cost_.steal());
}

// The youngest frame waits.
void simulation::wait(worker_model& w) {
    frame_model& f = w.stack.back();
    if (f.job->at == job_model::state::ended) {
        w.stack.pop_back();
        set_busy(w, true);
        return spend(w, 0);
    }
    if (part_of(*f.job) != nullptr) {
        f.looks = 0;
        return take(w, *f.job->executor);
    }
    set_busy(w, false);
    if (f.looks++ >= looks_before_sleep) return sleep(w);
    result_.seeking += cost_.spin / looks_before_sleep;
    spend(w, cost_.spin / looks_before_sleep);
}

// In one step, so there is no second look.
void simulation::sleep(worker_model& w) {
    job_model& job = *w.stack.back().job;
    ticks length = offer_oldest(w) + with_lock();
    ++result_.sleeps_in_frame;
    w.awaited = &job;
    job.awaited = true;
    --running_;
    w.on_core = false;
    ++w.activity;
    w.doing = worker_model::mode::asleep;
    if (!queue_.empty())
        call_up(true, length);
    else if (anything_on_offer())
        call_up(false, length);
    result_.overhead += length + cost_.sleep;
}

void simulation::wake_up(worker_model& w) {
    const ticks length = with_lock();
    w.awaited->awaited = false;
    w.awaited = nullptr;
    worker_model* const whom = std::exchange(w.help_whom, nullptr);
    if (whom == nullptr) ++running_;  // else whoever called did
    w.on_core = true;
    ++w.activity;
    w.doing = worker_model::mode::running;
    if (whom != nullptr && whom->offer != nullptr && whom->offers == w.help_what)
        return take(w, *whom);
    charge(w, length);
}

// One look of a thread that found nothing; false: it may sleep.
bool simulation::ask_for_work(worker_model& w) {
    if (w.looks_until < 0) {
        if (now_ - w.woken_at < cost_.beat) return false;
        int asked = 0;
        for (const auto& each : workers_) {
            if (!each->on_core || each.get() == &w) continue;
            if (!each->is_poked_by_others(now_)) {
                each->poked = worker_model::poke::outside;
                each->poked_from = now_ + ++asked * cost_.line;
                ++result_.hunger_pokes;
            }
            if (asked == 8) break;
        }
        if (asked == 0) return false;
        w.looks_until = now_ + cost_.look;
    } else if (now_ >= w.looks_until) {
        w.looks_until = -1;
        return false;
    }
    const ticks pause = us / 2;
    result_.seeking += pause;
    spend(w, pause);
    return true;
}

bool simulation::poke_somebody(const worker_model& hungry) {
    // Four draws; each looks at a line.
    for (int i = 0; i != 4; ++i) {
        worker_model& w = *workers_[dice_.below(static_cast<std::uint32_t>(workers_.size()))];
        if (&w == &hungry || !w.busy || w.offer != nullptr) continue;
        if (w.is_poked_by_others(now_)) continue;
        w.poked = worker_model::poke::outside;
        w.poked_from = now_ + cost_.line;
        ++result_.hunger_pokes;
        return true;
    }
    return false;
}

}  // namespace twill::inline TWILL_ABI::bench
