#include "model/simulation.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {

simulation::simulation(const workload& what, const model_options& how, const costs& cost,
                       const policy& otherwise)
    : what_(what),
      cores_(how.cores),
      cost_(cost),
      policy_(otherwise),
      dice_(how.seed),
      to_submit_(what.regions()),
      regions_left_(to_submit_.size()) {
    // A pool that has worked before: its threads are there, and asleep.
    for (unsigned i = 0; i != cores_; ++i) idle_.push_back(&make_worker());
    schedule(submitter, 0);
}

worker_model& simulation::make_worker() {
    workers_.push_back(std::make_unique<worker_model>());
    workers_.back()->number = static_cast<unsigned>(workers_.size() - 1);
    return *workers_.back();
}

outcome simulation::run() {
    while (regions_left_ != 0) {
        if (events_.empty()) throw std::logic_error("the model sleeps beside work");
        const event e = events_.top();
        events_.pop();
        now_ = e.at;
        if (e.who == ticker)
            tick();
        else if (e.who == submitter)
            submit();
        else
            act(*workers_[e.who]);
    }
    result_.took = now_;
    result_.threads = static_cast<unsigned>(workers_.size());
    return result_;
}

void simulation::spend(worker_model& w, ticks length) {
    // Threads that woke in mid-frame beside full cores: all get a fair share.
    if (running_ > cores_) length = length * running_ / cores_;
    schedule(w.number, now_ + length);
}

void simulation::charge(worker_model& w, ticks length) {
    result_.overhead += length;
    spend(w, length);
}

void simulation::act(worker_model& w) {
    using mode = worker_model::mode;
    switch (w.doing) {
        case mode::running:
            advance(w);
            break;
        case mode::idle:  // called up
            w.on_core = true;
            ++w.activity;
            w.doing = mode::seeking;
            w.hunger = 0;
            w.woken_at = now_;
            seek(w);
            break;
        case mode::seeking:
            seek(w);
            break;
        case mode::claiming:
            claim(w);
            break;
        case mode::asleep:
            wake_up(w);
            break;
    }
}

// ---- a thread between two jobs

void simulation::seek(worker_model& w) {
    if (next_region(w)) return;
    if (running_ > cores_) return idle(w);
    // Up to the first worker with an offer; by the time that it is reached, that may be gone.
    const auto all = static_cast<unsigned>(workers_.size());
    const unsigned from = w.scan_from;
    while (w.scan_from != all - 1 && workers_[(w.number + 1 + w.scan_from) % all]->offer == nullptr)
        ++w.scan_from;
    const ticks length = (w.scan_from - from + 1) * cost_.line;
    result_.seeking += length;
    w.doing = worker_model::mode::claiming;
    spend(w, length);
}

void simulation::claim(worker_model& w) {
    const auto all = static_cast<unsigned>(workers_.size());
    w.doing = worker_model::mode::seeking;
    if (w.scan_from < all - 1) {
        worker_model& victim = *workers_[(w.number + 1 + w.scan_from) % all];
        if (victim.offer != nullptr) {
            w.scan_from = 0;
            w.hunger = 0;
            if (std::exchange(w.looks_until, -1) >= 0) w.woken_at = now_;
            return take(w, victim);
        }
        ++w.scan_from;
        if (w.scan_from < all - 1) return seek(w);
    }
    w.scan_from = 0;
    ++result_.failed_scans;
    if (w.hunger++ < policy_.hunger_pokes && poke_somebody(w)) {
        result_.seeking += policy_.hunger_patience;
        return spend(w, policy_.hunger_patience);
    }
    if (policy_.asks && ask_for_work(w)) return;
    idle(w);
}

bool simulation::next_region(worker_model& w) {
    if (queue_.empty() || running_ > cores_) return false;
    const ticks length = with_lock();
    w.stack.push_back({.what = frame_model::kind::marker});
    ++w.depth;
    w.next = queue_.front();
    queue_.pop_front();
    w.poked = worker_model::poke::start;
    w.poked_from = now_;
    w.doing = worker_model::mode::running;
    w.scan_from = 0;
    set_busy(w, true);
    charge(w, length);
    return true;
}

void simulation::begin(worker_model& w, job_model& job) {
    w.stack.push_back({.what = frame_model::kind::marker, .job = &job});
    job.depth = ++w.depth;
    job.executor = &w;
    w.poked = policy_.first_offer_invites ? worker_model::poke::outside : worker_model::poke::start;
    w.poked_from = now_;
    w.doing = worker_model::mode::running;
    set_busy(w, true);
    if (job.is_loop) {
        push_loop(w, job.what, job.begin, job.end, what_.unfold(job.what).each, frame_model::slow);
    } else {
        w.next = job.what;
    }
}

// In one step: that somebody is called up between giving up the core and the second look makes no
// difference that matters here.
void simulation::idle(worker_model& w) {
    const ticks length = with_lock() + static_cast<ticks>(workers_.size()) * cost_.line;
    --running_;
    if (running_ < cores_ && (anything_on_offer() || !queue_.empty())) {
        ++running_;
        result_.seeking += length;
        return spend(w, length);
    }
    w.on_core = false;
    ++w.activity;
    w.doing = worker_model::mode::idle;
    idle_.push_back(&w);
}

void simulation::set_busy(worker_model& w, bool busy) {
    if (w.busy == busy) return;
    w.busy = busy;
    if (!busy) {
        --busy_;
        return;
    }
    ++busy_;
    result_.most_busy = std::max(result_.most_busy, std::min(busy_, cores_));
    if (result_.most_of_them_busy < 0 && busy_ * 10 >= cores_ * 9) result_.most_of_them_busy = now_;
    if (result_.all_busy < 0 && busy_ >= cores_) result_.all_busy = now_;
}

// ---- from outside

void simulation::submit() {
    ticks length = with_lock();
    queue_.push_back(to_submit_[submitted_++]);
    call_up(true, length);
    if (!ticking_) {
        ticking_ = true;
        schedule(ticker, now_ + length + cost_.beat + cost_.beat_late);
    }
    if (submitted_ != to_submit_.size()) schedule(submitter, now_ + length);
}

void simulation::tick() {
    ticks pass = 0;
    unsigned waiting = 0;
    bool fruitful = false;
    for (const auto& each : workers_) {
        worker_model& w = *each;
        const bool stirred = w.activity != w.seen_activity || w.offers != w.seen_offers;
        if (w.on_core && (w.activity == w.seen_activity || policy_.poke_newcomers)) {
            if (!w.is_poked_by_others(now_ + pass)) {
                w.poked = worker_model::poke::outside;
                w.poked_from = now_ + pass;
            }
        }
        if (w.offer != nullptr && (w.offers == w.seen_offers || policy_.call_for_all)) ++waiting;
        fruitful = fruitful || w.offers != w.seen_offers;
        w.seen_activity = w.activity;
        w.seen_offers = w.offers;
        // The lines of a worker that slept all the time are still here.
        if (w.on_core || stirred) pass += cost_.ticker_per_worker();
    }
    for (; waiting != 0; --waiting) {
        pass += with_lock();
        if (!call_up(true, pass)) break;
        fruitful = true;
    }
    ++result_.ticker_passes;
    result_.ticker_busy += pass;
    const bool free = running_ < cores_;
    if (free) vain_ticks_ = fruitful ? 0 : vain_ticks_ + 1;
    ticks beat = cost_.beat;
    if (policy_.slow_ticks && (!free || vain_ticks_ >= 8))
        beat = cost_.slow_beat;
    else if (policy_.hungry_beat != 0 && free)
        beat = policy_.hungry_beat;
    schedule(ticker, now_ + pass + cost_.beat_late + beat);
}

}  // namespace twill::inline TWILL_ABI::bench
