#include <twill/core/error.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/blocking_pool.hpp>

namespace twill::inline TWILL_ABI::detail {

void blocking_job::queued::execute(runnable& self) noexcept {
    blocking_job& job = static_cast<queued&>(self).owner;
    job.call();
    job.complete();
}

bool blocking_job::start() noexcept {
    // The pool may run the job, and the task may go on, before try_submit returns: nothing of this
    // operation is touched after a success.
    const std::error_code why = runtime::of(owner()).blocking().try_submit(job_);
    if (!why) return false;
    refused_ = why;
    return true;
}

void blocking_job::cancel() noexcept {
    if (!runtime::of(owner()).blocking().try_remove(job_)) return;
    removed_ = true;
    complete();
}

void blocking_job::throw_if_not_run() const {
    throw_if_refused();
    if (removed_) throw cancelled();
    if (refused_) throw io_error("start", "a thread for a blocking call", refused_);
}

}  // namespace twill::inline TWILL_ABI::detail
