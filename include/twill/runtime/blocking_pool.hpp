// Threads for calls that block and cannot be made asynchronous: file I/O, name look-ups, somebody
// else's library. `co_await blocking(fn)` is the face that programs use; this is what is behind it.
//
//     twill::blocking_pool pool({.max_threads = 64});
//     pool.submit(job);                            // job: a twill::runnable that lives until run
//     if (pool.try_remove(job)) ...                // cancelled in time: it will not run
//
// Threads come on demand, one for each job that finds no idle thread, up to the bound; further jobs
// wait in the order of their arrival. The thread that became idle last is woken first, so that the
// ones that are not needed stay idle long enough to leave.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/core/runnable.hpp>
#include <twill/core/time.hpp>

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

namespace twill::inline TWILL_ABI {

struct blocking_pool_options {
    // At most this many threads; at least 1.
    unsigned max_threads = 512;
    // A thread that had nothing to do for so long ends.
    duration idle_timeout = std::chrono::seconds(10);
    // Threads are called "<thread_name>-<number>", cut to the 15 bytes that Linux keeps.
    std::string thread_name = "twill-block";
    // Stands in for pthread_create in tests: 0, or an errno value. Empty: the real one.
    std::function<int(pthread_t&, void* (*entry)(void*), void* argument)> create_thread = {};
};

// All members: any thread.
class TWILL_API blocking_pool {
public:
    struct statistics {
        unsigned threads;    // started and not yet gone
        unsigned idle;       // of them, waiting for a job
        std::size_t queued;  // jobs that no thread has taken yet
        std::uint64_t jobs;  // begun so far
        duration busy;       // how long jobs have run, all together
    };

    // Starts no thread. Throws usage_error when `max_threads` is 0.
    explicit blocking_pool(blocking_pool_options options = {});

    // Runs what is still queued, waits for what is running, and joins all threads: a job, once
    // submitted, runs. Jobs may submit further jobs meanwhile; nobody else may.
    ~blocking_pool();

    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;

    // Calls `job.run(job)` on a thread of the pool, later, in the order of submission. Never waits
    // for a job; allocates only what the kernel and libc need for a new thread. When the system
    // refuses a new thread the job waits for one of those there are.
    // Throws io_error when there is no thread at all and none can be made; the job is then not
    // queued and still belongs to the caller.
    void submit(runnable& job);

    // The same, with the error as a value: no error means submitted.
    [[nodiscard]] std::error_code try_submit(runnable& job) noexcept;

    // Takes `job` back when no thread has begun it: true means that it will not run, false that it
    // runs, ran, or was never here. Linear in the number of queued jobs.
    bool try_remove(runnable& job) noexcept;

    [[nodiscard]] statistics stats() const noexcept;

private:
    struct worker;

    static void* enter(void* pool) noexcept;
    void work() noexcept;
    void run_queued_jobs() noexcept;
    bool wait_for_job(worker& self) noexcept;
    worker* pop_idle() noexcept;
    void unlink_idle(worker& which) noexcept;
    bool remove_queued(runnable& job) noexcept;
    int start_thread() noexcept;
    unsigned take_number() noexcept;
    void leave(unsigned number) noexcept;

    const blocking_pool_options options_;

    mutable futex_mutex lock_;  // guards all below
    runnable_queue queue_;
    std::size_t queued_ = 0;
    worker* idle_ = nullptr;  // the one that came last on top
    unsigned idle_count_ = 0;
    unsigned threads_ = 0;
    unsigned running_ = 0;  // jobs
    std::uint64_t jobs_ = 0;
    // When they ended, all together, less when they began; what runs is to be added.
    duration busy_{};
    std::vector<bool> numbers_;
    pthread_t last_to_leave_{};
    bool somebody_left_ = false;
    bool stopping_ = false;
    atomic<std::uint32_t> empty_{0};  // 1: stopping, and no thread left
};

}  // namespace twill::inline TWILL_ABI
