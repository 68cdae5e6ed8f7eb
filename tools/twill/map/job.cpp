#include "twill/map/job.hpp"

#include <twill/core/error.hpp>
#include <twill/core/finally.hpp>
#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <utility>

namespace twill_command {
namespace {

using namespace std::chrono_literals;

constexpr twill::duration linger = 1s;

twill::task<> collect(twill::pipe_reader& from, kept_output& into) {
    for (;;) {
        const std::size_t got = co_await from.read_some(into.room());
        if (got == 0) break;
        into.add(got);
        if (into.should_spill()) co_await into.spill();
    }
    into.complete = true;
    into.finish();
}

// What lies in the pipe now, when the end of it will not come: somebody outside the group holds it.
twill::task<> drain(const twill::pipe_reader& from, kept_output& into) {
    while (!into.complete) {
        // A collector that was cut short may have left it full.
        if (into.should_spill()) co_await into.spill();
        const auto room = into.room();
        const ssize_t got = ::read(from.native_handle(), room.data(), room.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        into.add(static_cast<std::size_t>(got));
    }
    into.finish();
}

// Looks at `done()`, ever less often, until it is true or `limit` has passed.
twill::task<> wait_until(twill::duration limit, const std::function<bool()>& done) {
    const auto deadline = twill::after(twill::now(), limit);
    twill::duration pause = 1ms;
    while (!done() && twill::now() < deadline) {
        co_await twill::sleep(pause);
        pause = std::min<twill::duration>(2 * pause, 20ms);
    }
}

// A process group whose leader was reaped. Its number cannot be somebody else's as long as it has
// members; and when the last goes while we look every 20 ms, the kernel would have to hand out all
// other numbers in between before it comes round to this one.
class rest_of_group {
public:
    explicit rest_of_group(pid_t leader) noexcept : leader_(leader) {}

    // False: nobody is left.
    [[nodiscard]] bool signal(int number) const noexcept {
        return ::kill(-leader_, number) == 0 || errno == EPERM;
    }
    // Its orphans are our children (see `job_processes`), and members until they are waited for.
    [[nodiscard]] bool exists() const noexcept {
        if (!signal(0)) return false;
        while (::waitpid(-leader_, nullptr, WNOHANG) > 0) {
        }
        return signal(0);
    }

private:
    pid_t leader_;
};

twill::task<> end_rest(rest_of_group rest, const job_result& result) {
    const std::function<bool()> gone = [rest] { return !rest.exists(); };
    const std::function<bool()> silent_or_gone = [&] {
        return (result.out.complete && result.err.complete) || gone();
    };
    try {
        co_await wait_until(linger, silent_or_gone);
        if (!rest.signal(SIGTERM)) co_return;
        co_await wait_until(stop_grace, gone);
        static_cast<void>(rest.signal(SIGKILL));
    } catch (...) {
        static_cast<void>(rest.signal(SIGKILL));
        throw;
    }
}

bool has_ended(const twill::process& child) noexcept {
    siginfo_t seen{};
    const auto pid = static_cast<id_t>(child.pid());
    return ::waitid(P_PID, pid, &seen, WEXITED | WNOHANG | WNOWAIT) == 0 && seen.si_pid != 0;
}

// Until the child has ended, or has used up its time: false.
twill::task<bool> ends_in_time(twill::process& child, twill::time_point began,
                               twill::duration stopped_before, const time_limit& limit) {
    for (;;) {
        auto allowed = limit.now();
        if (!allowed && !limit.may_change()) break;
        if (allowed) *allowed += limit.stopped() - stopped_before;
        const auto now = twill::now();
        // It may be we who come late: this program was stopped, or got no CPU.
        if (allowed && now - began >= *allowed) co_return has_ended(child);
        try {
            const auto until = allowed ? twill::after(began, *allowed) : twill::after(now, 100ms);
            co_await twill::with_deadline(until, child.ended());
            co_return true;
        } catch (const twill::timed_out&) {
            // The limit may be another by now.
        }
    }
    co_await child.ended();
    co_return true;
}

twill::task<> wait_or_stop(twill::process& child, twill::time_point began,
                           twill::duration stopped_before, const time_limit& limit,
                           job_result& result) {
    result.timed_out = !co_await ends_in_time(child, began, stopped_before, limit);
    if (result.timed_out) {
        result.status = co_await child.terminate(stop_grace);
        co_return;
    }
    result.ended = twill::now();
    result.scheduled = read_schedstat(child.pid());
    result.status = co_await child.wait();
}

twill::task<> follow(twill::process& child, twill::time_point began, twill::duration stopped_before,
                     const time_limit& limit, job_result& result) {
    auto together = [&](twill::scope_ref s) -> twill::task<> {
        s.spawn(collect, std::ref(child.out()), std::ref(result.out));
        s.spawn(collect, std::ref(child.err()), std::ref(result.err));
        co_await wait_or_stop(child, began, stopped_before, limit, result);
        const rest_of_group rest(child.pid());
        if (rest.exists()) co_await end_rest(rest, result);
        s.cancel();
    };
    co_await twill::scope(together);
    co_await drain(child.out(), result.out);
    co_await drain(child.err(), result.err);
}

}  // namespace

twill::task<job_result> attend(twill::process& child, twill::time_point began,
                               twill::duration stopped_before, const time_limit& limit,
                               output_store& store) {
    job_result result(store);
    auto stop = [&]() -> twill::task<> {
        if (!child.status()) result.status = co_await child.terminate(stop_grace);
    };
    try {
        co_await twill::finally(follow(child, began, stopped_before, limit, result), stop,
                                stop_grace + twill::default_cleanup_limit);
    } catch (const twill::io_error& failure) {
        result.problem = failure.what();
    }
    // It may be a while until this one is done with, or tried again.
    child.out().close();
    child.err().close();
    co_return result;
}

}  // namespace twill_command
