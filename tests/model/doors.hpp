// What a run of a model puts behind twill's doors.
#pragma once

#include <core/frame_spans.hpp>
#include <twill/async/detail/hazard.hpp>
#include <twill/core/futex_mutex.hpp>

#include <cstddef>
#include <mutex>
#include <new>

namespace model_test {

// For `snapshot`; made in the body of the run.
extern twill::detail::hazard_slots* slots_of_run;

// The memory that there is for frames: four spans. Made in the body of the run, too.
class few_spans {
public:
    few_spans() noexcept { of_run = this; }
    few_spans(const few_spans&) = delete;
    few_spans& operator=(const few_spans&) = delete;

    twill::detail::frame_span* take() noexcept {
        const std::lock_guard hold(lock_);
        if (twill::detail::frame_span* const first = idle_) {
            idle_ = first->next;
            return first;
        }
        if (used_ == most) return nullptr;
        return ::new (room_ + twill::detail::span_size * used_++) twill::detail::frame_span;
    }
    void give_back(twill::detail::frame_span& one) noexcept {
        const std::lock_guard hold(lock_);
        one.next = idle_;
        idle_ = &one;
    }
    // How many were ever taken.
    [[nodiscard]] unsigned used() const noexcept { return used_; }

    static few_spans* of_run;

private:
    static constexpr unsigned most = 4;
    alignas(twill::detail::span_size) static std::byte room_[most * twill::detail::span_size];

    twill::futex_mutex lock_;
    twill::detail::frame_span* idle_ = nullptr;
    unsigned used_ = 0;
};

}  // namespace model_test
