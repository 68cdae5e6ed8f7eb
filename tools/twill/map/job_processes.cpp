#include "twill/map/job_processes.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

namespace twill_command {

job_processes::job_processes() noexcept { static_cast<void>(::prctl(PR_SET_CHILD_SUBREAPER, 1)); }

void job_processes::member::leave() noexcept {
    if (of_ == nullptr) return;
    auto& all = std::exchange(of_, nullptr)->jobs_;
    all.erase(all.find(job_));
}

void job_processes::signal_groups(int number) const noexcept {
    for (const pid_t leader : jobs_) static_cast<void>(::kill(-leader, number));
}

// The kernel shows one that has ended at a time, the oldest child first. Where that is a job, its
// own task is about to wait for it, and the orphans behind it have their turn at the next look.
void job_processes::reap_orphans() noexcept {
    for (;;) {
        siginfo_t ended{};
        if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) return;
        if (ended.si_pid == 0 || jobs_.contains(ended.si_pid)) return;
        static_cast<void>(::waitpid(ended.si_pid, nullptr, WNOHANG | __WALL));
    }
}

std::optional<pid_t> job_processes::stopped_by_terminal() noexcept {
    siginfo_t seen{};
    while (::waitid(P_ALL, 0, &seen, WSTOPPED | WNOHANG | __WALL) == 0 && seen.si_pid != 0) {
        if (seen.si_status == SIGTTIN || seen.si_status == SIGTTOU) return seen.si_pid;
        seen = {};
    }
    return std::nullopt;
}

}  // namespace twill_command
