#include "twill/map/run_control.hpp"

#include "twill/common/message.hpp"

#include <twill/core/timeout.hpp>

namespace twill_command {

void run_control::start_no_more() {
    ending_ = true;
    if (starting) starting->cancel();
    ending_changed_.announce();
    job_ended_.announce();
}

void run_control::end_early(int status, std::string why) {
    if (outcome.status != 0) return;
    outcome.status = status;
    line_.hide();
    complain("twill map: {}; no more jobs are started", why);
    start_no_more();
}

void run_control::stop_jobs() {
    if (jobs) jobs->cancel();
}

void run_control::stop_all() {
    if (everything) everything->cancel();
}

twill::task<bool> run_control::job_ended_before(twill::time_point when) {
    if (when == twill::never) {
        co_await job_ended_.next();
        co_return true;
    }
    try {
        co_await twill::with_deadline(when, until_job_ended());
        co_return true;
    } catch (const twill::timed_out&) {
        co_return false;
    }
}

twill::task<> run_control::until_job_ended() { co_await job_ended_.next(); }

// A moving average.
void run_control::note_share(const twill::call_sample& times) noexcept {
    const auto all = times.run + times.queued + times.blocked;
    if (all <= twill::duration::zero()) return;
    constexpr double weight = 0.1;
    const double its =
        static_cast<double>((times.run + times.queued).count()) / static_cast<double>(all.count());
    double& share = outcome.counts.share_on_cpu;
    share = share < 0 ? its : share + weight * (its - share);
}

twill::task<> run_control::pause(twill::duration length) {
    try {
        co_await twill::with_timeout(length, until_ending());
    } catch (const twill::timed_out&) {
        // That was the pause.
    }
}

twill::task<> run_control::until_ending() {
    while (!ending_) co_await ending_changed_.next();
}

}  // namespace twill_command
