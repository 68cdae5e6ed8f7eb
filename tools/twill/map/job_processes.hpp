// The processes of the jobs, and those that jobs leave behind, which become ours.
//
//     job_processes all;                       // from now on we wait for orphans
//     job_processes::member one(all, child.pid());
//     ...                                      // until the child was waited for
//
// The init process would wait for orphans too, but not every container has one that does, or does
// it soon; and until then they count as running. So we adopt them, and have to wait for each: also
// for a daemon that has left the group of its job, however long after that it ends. Event thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <unordered_set>
#include <utility>

namespace twill_command {

class job_processes {
public:
    job_processes() noexcept;

    // A child that its job waits for. From its start until that was done.
    class member {
    public:
        member() = default;
        member(job_processes& of, pid_t job) : of_(&of), job_(job) { of.jobs_.insert(job); }
        ~member() { leave(); }
        member(member&& other) noexcept
            : of_(std::exchange(other.of_, nullptr)), job_(other.job_) {}
        member& operator=(member&& other) noexcept {
            leave();
            of_ = std::exchange(other.of_, nullptr);
            job_ = other.job_;
            return *this;
        }

        void leave() noexcept;

    private:
        job_processes* of_ = nullptr;
        pid_t job_ = 0;
    };

    // To the groups that the jobs lead.
    void signal_groups(int number) const noexcept;

    // Waits for the orphans that have ended.
    void reap_orphans() noexcept;
    // One that was stopped since the last question because it wanted the terminal, which the
    // kernel lets no background group have.
    std::optional<pid_t> stopped_by_terminal() noexcept;

private:
    // A number may be given out again before we know that its process has been waited for.
    std::unordered_multiset<pid_t> jobs_;
};

}  // namespace twill_command
