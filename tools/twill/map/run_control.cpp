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
