// What a worker does on its own: join, loop, and the beat (compute_worker.cpp, detail/fork.hpp,
// detail/loop.hpp).
#include "model/simulation.hpp"

#include <algorithm>

namespace twill::inline TWILL_ABI::bench {
namespace {

// How far a worker runs ahead of the events.
constexpr ticks quantum = 1 * us;

std::uint64_t aligned(std::uint64_t from, std::uint64_t to) {
    const std::uint64_t rounded = to & ~std::uint64_t{15};
    return rounded > from ? rounded : to;
}

}  // namespace

// From one event to the next: with `used` above zero nothing may be done that others see.
void simulation::advance(worker_model& w) {
    using kind = frame_model::kind;
    if (w.at_poll) {
        w.at_poll = false;
        if (w.is_poked(now_)) return charge(w, beat(w));
    }
    ticks used = 0;
    for (then next = then::go_on; next != then::done;) {
        if (next == then::yield || used >= quantum) return spend(w, used);
        if (w.next) {
            const piece what = *w.next;
            w.next.reset();
            next = call(w, what, used);
            continue;
        }
        switch (w.stack.back().what) {
            case kind::join:
                next = end_of_left(w, used);
                break;
            case kind::loop:
                next = iterate(w, used);
                break;
            case kind::marker:
                next = end_of_job(w, used);
                break;
            case kind::waiting:
                if (used != 0) return spend(w, used);
                return wait(w);
        }
    }
}

simulation::then simulation::call(worker_model& w, piece what, ticks& used) {
    if (const extent* all = what_.known(what); all != nullptr && !w.is_poked(now_ + used)) {
        // All of it, if it is so short that there is nothing to see.
        const ticks extra = static_cast<ticks>(all->forks) * cost_.fork +
                            static_cast<ticks>(all->loops) * cost_.loop;
        if (used + all->work + extra <= quantum) {
            worked(all->work, used);
            forked(extra, used);
            return then::go_on;
        }
    }
    const step s = what_.unfold(what);
    worked(s.before, used);
    if (s.next == step::then::loop) {
        push_loop(w, what, 0, s.iterations, s.each, frame_model::fast);
        forked(cost_.loop, used);
    } else if (s.next == step::then::join) {
        w.stack.push_back({.what = frame_model::kind::join, .listed = true, .right = s.right});
        w.next = s.left;
        forked(cost_.fork, used);
        if (used >= quantum || w.is_poked(now_ + used)) {
            w.at_poll = true;
            return then::yield;
        }
    }
    return then::go_on;
}

simulation::then simulation::end_of_left(worker_model& w, ticks used) {
    const frame_model& f = w.stack.back();
    if (f.job == nullptr) {
        w.next = f.right;
    } else if (f.job->at != job_model::state::ended) {
        if (used != 0) return then::yield;
        if (!reclaim(w, *f.job)) return then::done;
        w.next = f.right;
        w.stack.pop_back();
        charge(w, cost_.take_back);
        return then::done;
    }
    w.stack.pop_back();
    return then::go_on;
}

bool simulation::reclaim(worker_model& w, job_model& job) {
    if (w.offer == &job) {
        w.offer = nullptr;
        job.at = job_model::state::taken_back;
        ++result_.taken_back;
        return true;
    }
    w.stack.push_back({.what = frame_model::kind::waiting, .job = &job});
    wait(w);
    return false;
}

simulation::then simulation::end_of_job(worker_model& w, ticks used) {
    if (used != 0) return then::yield;
    job_model* const job = w.stack.back().job;
    w.stack.pop_back();
    --w.depth;
    ticks length = cost_.line;
    if (job == nullptr) {
        --regions_left_;
    } else {
        job->at = job_model::state::ended;
        ++jobs_ended_;
        // Who was called to help wakes up in any case.
        if (job->awaited && job->owner->help_whom == nullptr) {
            wake(*job->owner, length);
            length += cost_.wake_call;
        }
    }
    if (w.stack.empty()) {
        set_busy(w, false);
        w.doing = worker_model::mode::seeking;
    }
    charge(w, length);
    return then::done;
}

// ---- loops

void simulation::push_loop(worker_model& w, piece what, std::uint64_t begin, std::uint64_t end,
                           ticks each, std::uint64_t growth) {
    w.stack.push_back({.what = frame_model::kind::loop,
                       .right = what,
                       .begun = begin,
                       .end = end,
                       .growth = growth,
                       .at = begin,
                       .each = each});
}

simulation::then simulation::iterate(worker_model& w, ticks& used) {
    frame_model& f = w.stack.back();
    if (!f.entered) {
        f.entered = f.listed = true;
        f.share_at_once = f.end - f.begun <= std::uint64_t{16} * cores_;
        f.block = 1;
        f.at_first = f.growth == frame_model::fast;
    }
    if (f.at != f.begun) {  // in a block
        if (f.each == 0) {
            w.next = what_.iteration(f.right, f.at++);
        } else {
            worked(static_cast<ticks>(f.begun - f.at) * f.each, used);
            f.at = f.begun;
        }
        return then::go_on;
    }
    if (f.begun == f.end) {
        f.listed = false;
        return leave_range(w, used);
    }
    const ticks then_now = now_ + used;
    if (f.share_at_once ? w.is_poked(then_now) : w.is_poked_by_others(then_now))
        return used != 0 ? then::yield : beat_in_loop(w);

    std::uint64_t to = f.end;
    if (f.at_first || (policy_.one_by_one && f.each == 0))
        to = f.begun + 1;
    else if (f.end - f.begun > f.block)
        to = aligned(f.begun, f.begun + f.block);
    // What takes longer begins with a look at the exact time.
    if (used != 0 && used + static_cast<ticks>(to - f.begun) * f.each > quantum) return then::yield;
    f.block = f.at_first ? frame_model::second_block
                         : std::min(f.block * f.growth, frame_model::largest_block);
    f.at_first = false;
    f.begun = to;
    return then::go_on;
}

simulation::then simulation::beat_in_loop(worker_model& w) {
    frame_model& f = w.stack.back();
    if (!f.at_first && f.block != 1) f.growth = frame_model::slow;
    f.at_first = false;
    f.block = 1;
    f.begun = f.at + 1;
    const ticks length = beat(w);
    if (f.parts == frame_model::most_parts) {
        const std::uint64_t from = f.at;
        f.at = f.begun = f.end;
        push_loop(w, f.right, from, f.end, f.each, frame_model::slow);
    }
    charge(w, length);
    return then::done;
}

simulation::then simulation::leave_range(worker_model& w, ticks used) {
    frame_model& f = w.stack.back();
    if (f.parts == 0) {
        w.stack.pop_back();
        return then::go_on;
    }
    job_model& nearest = *f.part[f.parts - 1];
    if (nearest.at == job_model::state::ended) {
        --f.parts;
        return then::go_on;
    }
    if (used != 0) return then::yield;
    if (reclaim(w, nearest)) {
        --f.parts;
        f.at = f.begun = nearest.begin;
        f.end = nearest.end;
        f.entered = false;
        charge(w, cost_.take_back);
    }
    return then::done;
}

// ---- the beat

ticks simulation::beat(worker_model& w) {
    const bool by_others = w.is_poked_by_others(now_);
    w.poked = worker_model::poke::none;
    ticks length = by_others ? cost_.line : 0;
    length += offer_oldest(w);
    if (by_others) length += invite(w);
    return length;
}

ticks simulation::offer_oldest(worker_model& w) {
    if (w.offer != nullptr) return 0;
    job_model* parent = nullptr;
    unsigned depth = 0;
    for (frame_model& f : w.stack) {
        if (f.what == frame_model::kind::marker) {
            parent = f.job;
            ++depth;
        }
        if (!f.listed) continue;
        job_model* const job = promote(f);
        if (job == nullptr) continue;
        job->owner = &w;
        job->parent = parent;
        job->offer_depth = depth;
        w.offer = job;
        ++w.offers;
        ++result_.promotions;
        return cost_.promote;
    }
    return 0;
}

job_model* simulation::promote(frame_model& f) {
    if (f.what == frame_model::kind::join) {
        f.listed = false;
        f.job = &jobs_.emplace_back();
        f.job->what = f.right;
        return f.job;
    }
    const std::uint64_t left = f.end - f.begun;
    if (left == 0 || f.parts == frame_model::most_parts) {
        f.listed = false;
        return nullptr;
    }
    job_model& given = jobs_.emplace_back();
    given.is_loop = true;
    given.what = f.right;
    given.begin = aligned(f.begun, f.end - (left + 1) / 2);
    given.end = f.end;
    f.end = given.begin;
    f.part[f.parts++] = &given;
    return &given;
}

}  // namespace twill::inline TWILL_ABI::bench
