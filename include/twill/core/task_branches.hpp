// Any number of tasks of one type as branches of a group: what the range forms of when_all and
// when_any have in common.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/group.hpp>
#include <twill/core/task.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <source_location>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

template <class T>
class task_branches {
public:
    // Throws usage_error when one of them cannot be awaited, and std::bad_alloc.
    explicit task_branches(const std::vector<task<T>>& what) {
        for (const auto& each : what) static_cast<void>(each.unbegun());
        all_.reserve(what.size());
    }

    // Starts a branch of `in` for each of `what`, the tasks that it was made with.
    // `listener`, if any, is told of their ends. When memory runs out, the group is cancelled, and
    // `throw_if_incomplete` says so after the join.
    void start(group& in, std::vector<task<T>>& what, const std::source_location& where,
               end_listener* listener = nullptr) noexcept {
        for (auto& each : what) {
            try {
                all_.push_back(std::make_unique<task_branch<T>>(
                    typename task_branch<T>::seed{in, std::move(each), where}));
            } catch (const std::bad_alloc&) {
                no_memory_ = std::current_exception();
                in.request_cancel();
                return;
            }
            if (listener != nullptr) all_.back()->on_end(*listener);
            all_.back()->start();
        }
    }

    // After the join: throws std::bad_alloc when not all could be started.
    void throw_if_incomplete() const {
        if (no_memory_) std::rethrow_exception(no_memory_);
    }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    [[nodiscard]] task_branch<T>& operator[](std::size_t i) noexcept { return *all_[i]; }

private:
    std::vector<std::unique_ptr<task_branch<T>>> all_;
    std::exception_ptr no_memory_;
};

}  // namespace twill::inline TWILL_ABI::detail
