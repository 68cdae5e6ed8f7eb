// A piece of work that a queue can hold without allocating, and the queue.
//
// A runnable is part of something longer-lived (an operation, a job, a child task). It is in at
// most one queue at a time; after `run` was called its owner may be gone.
//
//     struct my_job : runnable {
//         my_job() : runnable(&my_job::execute) {}
//         static void execute(runnable& self) noexcept { static_cast<my_job&>(self).work(); }
//     };
#pragma once

#include <twill/core/config.hpp>

namespace twill::inline TWILL_ABI {

struct runnable {
    using run_function = void (*)(runnable&) noexcept;

    explicit constexpr runnable(run_function what) noexcept : run(what) {}
    runnable(const runnable&) = delete;
    runnable& operator=(const runnable&) = delete;

    run_function run;
    runnable* next = nullptr;  // owned by the queue that holds it

protected:
    ~runnable() = default;
};

// First in, first out; one thread at a time.
class runnable_queue {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

    void push_back(runnable& work) noexcept {
        work.next = nullptr;
        if (last_ != nullptr)
            last_->next = &work;
        else
            first_ = &work;
        last_ = &work;
    }

    // The oldest, or null.
    runnable* pop_front() noexcept {
        runnable* work = first_;
        if (work == nullptr) return nullptr;
        first_ = work->next;
        if (first_ == nullptr) last_ = nullptr;
        work->next = nullptr;
        return work;
    }

    // Moves all of `other` behind what is here.
    void append(runnable_queue& other) noexcept {
        if (other.first_ == nullptr) return;
        if (last_ != nullptr)
            last_->next = other.first_;
        else
            first_ = other.first_;
        last_ = other.last_;
        other.first_ = other.last_ = nullptr;
    }

private:
    runnable* first_ = nullptr;
    runnable* last_ = nullptr;
};

}  // namespace twill::inline TWILL_ABI
