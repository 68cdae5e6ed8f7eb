// A select over cases of one type, as many as there are at run time.
#pragma once

#include <twill/async/detail/choosing.hpp>
#include <twill/async/detail/select_cases.hpp>
#include <twill/async/detail/waiter.hpp>
#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/task.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

// What a select over a range gives: which case, counted from 0, and what that gave. Of cases that
// give nothing it is the number alone.
template <class T>
struct selected {
    std::size_t index;
    T value;
};

}  // namespace twill::inline TWILL_ABI

namespace twill::inline TWILL_ABI::detail {

template <class R>
concept range_of_cases = std::ranges::input_range<R> && selectable<std::ranges::range_value_t<R>>;

template <class T>
struct selected_from {
    using type = selected<T>;
};
template <>
struct selected_from<void> {
    using type = std::size_t;
};
template <class A>
using range_result = typename selected_from<await_result<A>>::type;

// Base: choosing_task or choosing_thread.
template <class Base, class A>
class range_select_base : public Base {
public:
    explicit range_select_base(std::vector<A>& cases) {
        constexpr std::size_t limit = std::numeric_limits<std::uint16_t>::max();
        if (cases.empty()) throw usage_error("select over an empty range would wait for ever");
        if (cases.size() > limit) throw usage_error("select over more than 65,535 cases");
        if (cases.size() > choosing::most) order_.resize(cases.size());
        in_order_.reserve(cases.size());
        for (A& each : cases) in_order_.push_back(&arms_.emplace_back(*this, each));
        this->use(in_order_, order_.empty() ? nullptr : order_.data());
    }

    // Gives what the case that was chosen gives.
    range_result<A> finish() {
        std::size_t index = 0;
        while (&arms_[index] != this->chosen()) ++index;
        if constexpr (std::is_void_v<await_result<A>>) {
            arms_[index].result();
            return index;
        } else {
            return {index, arms_[index].result()};
        }
    }

private:
    std::deque<arm<A>> arms_;  // which cannot be moved
    std::vector<select_arm*> in_order_;
    std::vector<std::uint16_t> order_;
};

template <class A>
class range_select_operation final : public range_select_base<choosing_task, A> {
public:
    using range_select_base<choosing_task, A>::range_select_base;
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
        context& owner = self.promise().current_context();
        if (owner.cancel_requested() || !this->try_each()) return this->begin(self, owner);
        return this->begin_complete(self, owner);
    }
    range_result<A> await_resume() {
        this->conclude();
        return this->finish();
    }
};

template <class A>
struct [[nodiscard("it waits when it is awaited")]] selecting_among {
    static_assert(!only_copy<A>,
                  "a value that cannot be copied would be lost with a case that is not chosen: "
                  "use send_from(variable)");
    std::vector<A> cases;
    range_select_operation<A> operator co_await() { return range_select_operation<A>(cases); }
};

template <class A>
class blocked_range_select final : public range_select_base<choosing_thread, A> {
public:
    using range_select_base<choosing_thread, A>::range_select_base;
    range_result<A> run() {
        thread_waiter::refuse_on_event_thread("co_await select()");
        if (!this->try_each()) this->wait();
        return this->finish();
    }
};

template <class R>
std::vector<std::ranges::range_value_t<R>> cases_of(R&& range) {
    using all = std::vector<std::ranges::range_value_t<R>>;
    if constexpr (std::is_same_v<R, all>) {
        return std::forward<R>(range);
    } else {
        all cases;
        for (auto&& each : range) cases.push_back(std::forward<decltype(each)>(each));
        return cases;
    }
}

}  // namespace twill::inline TWILL_ABI::detail
