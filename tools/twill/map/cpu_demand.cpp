#include "twill/map/cpu_demand.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration earliest_look = 2ms;
// Jobs that live for no longer than this are not looked at, as a rule: most of them would have one
// look, which costs as much as a tenth of such a job.
constexpr twill::duration short_life = 8ms;
constexpr twill::duration longest_between_looks = 64ms;
// How long strangers are reckoned with after they were last noticed.
constexpr twill::duration strangers_stay = 100ms;

double seconds(twill::duration d) { return std::chrono::duration<double>(d).count(); }

double part(twill::duration of, twill::duration whole) {
    return std::clamp(seconds(of) / std::max(seconds(whole), 1e-9), 0.0, 1.0);
}

}  // namespace

cpu_demand::cpu_demand(unsigned cpus, senses from) : cpus_(cpus), from_(std::move(from)) {}

bool cpu_demand::are_short() const noexcept {
    return usual_life_ > 0ns && usual_life_ <= short_life;
}

void cpu_demand::started(pid_t job, twill::time_point at, const scheduled_time& before) {
    const auto next =
        twill::after(at, are_short() ? std::max(2 * usual_life_, earliest_look) : earliest_look);
    running_.push_back({.job = job,
                        .began = at,
                        .looked = at,
                        .next_look = next,
                        .seen = before,
                        .wants = first_demand_,
                        .waits = 0,
                        .rests = false});
    next_look_ = std::min(next_look_, next);
}

void cpu_demand::ended(pid_t job, twill::time_point at,
                       const std::optional<twill::call_sample>& times) {
    const auto one = std::ranges::find(running_, job, &running::job);
    if (one == running_.end()) return;
    const twill::duration life = at - one->began;
    if (times) {
        constexpr int memory = 8;  // of the latest
        usual_life_ += usual_life_ == 0ns ? life : (life - usual_life_) / memory;
        // In its first time; most of those that end before the first look did nothing else.
        if (one->looked == one->began && life > 0ns)
            learn_first(part(times->run + times->queued, life));
        constexpr double weight = 1.0 / 16;
        const bool others_work = times->cpu > times->run + times->run / 4;
        by_others_ += weight * ((others_work ? 1.0 : 0.0) - by_others_);
        if (others_work)
            share_ += (share_ == 0 ? 1 : weight) *
                      (seconds(times->cpu) / std::max(seconds(life), 1e-9) - share_);
    }
    *one = running_.back();
    running_.pop_back();
    if (running_.empty()) next_look_ = twill::never;
}

// As if they had begun later.
void cpu_demand::note_stopped(twill::duration length) noexcept {
    for (running& one : running_) {
        one.began += length;
        one.looked += length;
        one.next_look = twill::after(one.next_look, length);
    }
    next_look_ = twill::after(next_look_, length);
}

void cpu_demand::learn_first(double demand) noexcept {
    first_demand_ +=
        (demand - first_demand_) / static_cast<double>(std::min<std::size_t>(++first_seen_, 16));
}

void cpu_demand::look(twill::time_point now) {
    if (now < next_look_) return;
    next_look_ = twill::never;
    for (running& one : running_) {
        if (one.next_look <= now) look_at(one, now);
        next_look_ = std::min(next_look_, one.next_look);
    }
    notice_strangers(now);
}

void cpu_demand::look_at(running& one, twill::time_point now) {
    const auto seen = from_.times(one.job);
    if (!seen) {
        one.next_look = twill::never;
        return;
    }
    const twill::duration passed = now - one.looked;
    const twill::duration ran = seen->run - one.seen.run;
    const twill::duration queued = seen->queued - one.seen.queued;
    one.wants = part(ran + queued, passed);
    one.waits = part(queued, passed);
    // It may wait for a CPU all the time, which is counted only when it gets it.
    const bool did_little = one.wants < 0.5;
    if (did_little && !one.rests && from_.wants_now(one.job)) {
        one.waits = 1 - part(ran, passed);
        one.wants = 1;
    }
    one.rests = did_little && one.wants < 0.5;
    if (one.looked == one.began) learn_first(one.wants);
    one.looked = now;
    one.seen = *seen;
    // Many at once are looked at less often.
    const auto most = std::max<twill::duration>(longest_between_looks, running_.size() * 1ms);
    one.next_look =
        twill::after(now, std::clamp<twill::duration>(now - one.began, earliest_look, most));
}

double cpu_demand::wanted() const noexcept {
    double all = 0;
    for (const running& one : running_) all += std::max(one.wants, by_others_ > 0.5 ? share_ : 0);
    return all;
}

// As many as there are CPUs never wait for one, but for others.
void cpu_demand::notice_strangers(twill::time_point now) {
    double wanted = 0;
    double waiting = 0;
    for (const running& one : running_) {
        wanted += one.wants;
        waiting += one.waits;
    }
    constexpr double clearly = 0.2;  // of a job
    const double explained = std::max(wanted - cpus_, 0.0);
    if (waiting > explained + clearly) strangers_until_ = twill::after(now, strangers_stay);
}

}  // namespace twill_command
