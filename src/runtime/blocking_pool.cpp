// The protocol, all of it under `lock_`:
//
// 1. `submit` queues the job and then makes sure of a thread for it: it wakes an idle one (taking
//    it off the idle stack), or starts one, or, at the bound, leaves it to the busy ones.
// 2. A thread looks at the queue whenever it is started, woken or done with a job, and becomes idle
//    or leaves only when it finds the queue empty. So a queued job is always followed by a look: by
//    the thread that was woken or started for it, or by a busy thread that comes back.
// 3. A thread is started under the lock too. That holds up others for some 30 us while the pool
//    grows, and makes the count exact when the system refuses: with a thread there, rule 2 covers
//    the job; with none there, nobody relies on one, and the submitter keeps its job.
// 4. A thread that leaves joins the one that left before it, and the destructor joins the last:
//    so when the destructor returns, no thread is anywhere in here, and nobody needs a list.
#include <twill/runtime/blocking_pool.hpp>

#include <twill/core/atomic.hpp>
#include <twill/core/error.hpp>
#include <twill/core/event.hpp>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "futex.hpp"
#include "own_thread.hpp"
#include "signal_mask.hpp"
#include "thread_slice.hpp"
#include "timer_slack.hpp"

namespace twill::inline TWILL_ABI {

using detail::futex_wait;
using detail::futex_wake_one;

// Lives on its thread's stack.
struct blocking_pool::worker {
    atomic<std::uint32_t> woken{0};  // set, under the lock, by who takes it off the idle stack
    worker* above = nullptr;
    worker* below = nullptr;
};

blocking_pool::blocking_pool(blocking_pool_options options)
    : options_(std::move(options)), numbers_(options_.max_threads) {
    if (options_.max_threads == 0)
        throw usage_error("blocking_pool: max_threads is 0; give it at least 1");
}

blocking_pool::~blocking_pool() {
    lock_.lock();
    stopping_ = true;
    while (worker* idle = pop_idle()) futex_wake_one(&idle->woken);
    const bool wait = threads_ > 0;
    lock_.unlock();
    while (wait && empty_.load(std::memory_order_acquire) == 0) futex_wait(empty_, 0, never);
    if (somebody_left_) detail::join_thread(last_to_leave_);
}

void blocking_pool::submit(runnable& job) {
    if (const auto why = try_submit(job))
        throw io_error("start a thread for", options_.thread_name, why);
}

std::error_code blocking_pool::try_submit(runnable& job) noexcept {
    lock_.lock();
    worker* idle = pop_idle();
    if (idle == nullptr && threads_ < options_.max_threads) {
        const int refused = start_thread();
        if (refused != 0 && threads_ == 0) {
            lock_.unlock();
            return {refused, std::generic_category()};
        }
        if (refused == 0) ++threads_;
    }
    queue_.push_back(job);
    ++queued_;
    lock_.unlock();
    // The woken thread may have noticed already, and be gone with its stack: then the kernel finds
    // nobody at this address, or wakes for nothing one that checks its word again.
    if (idle != nullptr) futex_wake_one(&idle->woken);
    return {};
}

bool blocking_pool::try_remove(runnable& job) noexcept {
    const std::lock_guard hold(lock_);
    return remove_queued(job);
}

blocking_pool::statistics blocking_pool::stats() const noexcept {
    const std::lock_guard hold(lock_);
    const duration under_way = running_ * now().time_since_epoch();
    return {threads_, idle_count_, queued_, jobs_, busy_ + under_way};
}

bool blocking_pool::remove_queued(runnable& job) noexcept {
    runnable_queue others;
    bool found = false;
    while (runnable* candidate = queue_.pop_front()) {
        if (candidate == &job)
            found = true;
        else
            others.push_back(*candidate);
    }
    queue_.append(others);
    if (found) --queued_;
    return found;
}

// The new thread inherits the mask, so that it takes no signal before it can say so itself.
int blocking_pool::start_thread() noexcept {
    const detail::blocked_signals inherited(detail::signals_of_the_program());
    pthread_t thread{};
    return options_.create_thread ? options_.create_thread(thread, &blocking_pool::enter, this)
                                  : ::pthread_create(&thread, nullptr, &blocking_pool::enter, this);
}

void* blocking_pool::enter(void* pool) noexcept {
    static_cast<blocking_pool*>(pool)->work();
    return nullptr;
}

void blocking_pool::work() noexcept {
    worker self;
    lock_.lock();
    const unsigned number = take_number();
    lock_.unlock();
    char name[16];
    std::snprintf(name, sizeof name, "%s-%u", options_.thread_name.c_str(), number);
    ::pthread_setname_np(::pthread_self(), name);
    static_cast<void>(detail::return_inherited_slice());
    detail::return_inherited_slack();
    note(event_kind::thread_start, &self, "twill-block", number);

    lock_.lock();
    do run_queued_jobs();
    while (!stopping_ && wait_for_job(self));
    leave(number);
}

// Called and returns with the lock held, the queue then being empty.
void blocking_pool::run_queued_jobs() noexcept {
    while (runnable* job = queue_.pop_front()) {
        --queued_;
        ++jobs_;
        ++running_;
        busy_ -= now().time_since_epoch();
        lock_.unlock();
        note(event_kind::blocking_begin, job);
        job->run(*job);  // may be the end of *job: only its address is used from here
        note(event_kind::blocking_end, job);
        lock_.lock();
        --running_;
        busy_ += now().time_since_epoch();
    }
}

// Called and returns with the lock held. False: nothing came in time, and the queue is empty.
bool blocking_pool::wait_for_job(worker& self) noexcept {
    self.woken.store(0, std::memory_order_relaxed);
    self.below = idle_;
    self.above = nullptr;
    if (idle_ != nullptr) idle_->above = &self;
    idle_ = &self;
    ++idle_count_;
    lock_.unlock();

    const time_point deadline = after(now(), options_.idle_timeout);
    note(event_kind::park, &self);
    while (self.woken.load(std::memory_order_acquire) == 0) {
        futex_wait(self.woken, 0, deadline);
        if (deadline != never && now() >= deadline) break;
    }
    note(event_kind::unpark, &self);

    lock_.lock();
    if (self.woken.load(std::memory_order_relaxed) != 0) return true;
    unlink_idle(self);
    return !queue_.empty();
}

blocking_pool::worker* blocking_pool::pop_idle() noexcept {
    worker* top = idle_;
    if (top == nullptr) return nullptr;
    unlink_idle(*top);
    // Pairs with the acquire in wait_for_job.
    top->woken.store(1, std::memory_order_release);
    return top;
}

void blocking_pool::unlink_idle(worker& which) noexcept {
    if (which.above != nullptr)
        which.above->below = which.below;
    else
        idle_ = which.below;
    if (which.below != nullptr) which.below->above = which.above;
    --idle_count_;
}

// Small numbers are used again, so that names stay short.
unsigned blocking_pool::take_number() noexcept {
    const auto free = std::find(numbers_.begin(), numbers_.end(), false);
    *free = true;
    return static_cast<unsigned>(free - numbers_.begin());
}

// Called with the lock held, which it gives back.
void blocking_pool::leave(unsigned number) noexcept {
    numbers_[number] = false;
    const bool last = --threads_ == 0 && stopping_;
    const bool join = somebody_left_;
    const pthread_t before = last_to_leave_;
    somebody_left_ = true;
    last_to_leave_ = detail::own_thread();
    lock_.unlock();
    if (join) detail::join_thread(before);
    if (last) {
        // Pairs with the acquire in the destructor, which joins this thread before it goes on.
        empty_.store(1, std::memory_order_release);
        futex_wake_one(&empty_);
    }
}

}  // namespace twill::inline TWILL_ABI
