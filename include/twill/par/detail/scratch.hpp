// Memory that the elements of a range were moved into.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/shield.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class T>
class scratch {
public:
    // Leaves moved-from elements at `first`. Shielded from stop requests, which would leave half of
    // them moved. A move that throws leaves what std::uninitialized_move does.
    template <class I>
    scratch(par::context& here, I first, std::ptrdiff_t count)
        : count_(count), begin_(std::allocator<T>().allocate(static_cast<std::size_t>(count))) {
        const auto move_one = [&](std::ptrdiff_t i) {
            std::construct_at(begin_ + i, std::ranges::iter_move(
                                              first + static_cast<std::iter_difference_t<I>>(i)));
        };
        if constexpr (std::is_nothrow_move_constructible_v<T>) {
            par::shield(here, [&](par::context& c) {
                par::for_each_index(c, static_cast<std::size_t>(count), [&](std::size_t i) {
                    move_one(static_cast<std::ptrdiff_t>(i));
                });
            });
        } else {
            move_in_order(move_one);
        }
    }
    ~scratch() {
        std::destroy_n(begin_, count_);
        release();
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    [[nodiscard]] T* begin() const noexcept { return begin_; }

private:
    template <class Move>
    void move_in_order(const Move& move_one) {
        std::ptrdiff_t made = 0;
        try {
            for (; made != count_; ++made) move_one(made);
        } catch (...) {
            std::destroy_n(begin_, made);
            release();
            throw;
        }
    }
    void release() noexcept {
        std::allocator<T>().deallocate(begin_, static_cast<std::size_t>(count_));
    }

    const std::ptrdiff_t count_;
    T* const begin_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
