// The first of a row of places where a search succeeds.
#pragma once

#include <twill/core/atomic.hpp>
#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/loop.hpp>

#include <algorithm>
#include <cstddef>

namespace twill::inline TWILL_ABI {
namespace detail {

// `nearest` is shared by all parts: the first place found so far. It only falls, and a block is
// left out only if it lies behind, so what is left in the end is the first place of all. Relaxed:
// it is read for good when all parts have been joined.
template <class Block>
struct search_body {
    const Block* in_block;
    atomic<std::size_t>* nearest;

    void run(par::context&, std::size_t from, std::size_t to) {
        std::size_t known = nearest->load(std::memory_order_relaxed);
        if (known <= from) return;
        const std::size_t found = (*in_block)(from, to);
        if (found == to) return;
        while (found < known &&
               !nearest->compare_exchange_weak(known, found, std::memory_order_relaxed)) {
        }
    }
    search_body apart() const noexcept { return *this; }
    void absorb(search_body&&) noexcept {}
};

// `in_block(from, to)` gives the first place in [from, to) that will do, or `to`. The result is
// `size` if there is none.
//
// Loops are not told to stop; their blocks behind a match are passed over, two nanoseconds each. So
// that this and the search behind an early match cost nothing to speak of, the search goes by
// windows, each eight times as large as the one before.
template <class Block>
std::size_t search(par::context& here, std::size_t size, const Block& in_block) {
    std::size_t window = std::size_t{1} << 14;
    for (std::size_t from = 0; from != size; window *= 8) {
        const std::size_t to = size - from > window ? from + window : size;
        atomic<std::size_t> nearest{to};
        search_body<Block> body{&in_block, &nearest};
        run_loop(here, from, to, body);
        const std::size_t found = nearest.load(std::memory_order_relaxed);
        if (found != to) return found;
        from = to;
    }
    return size;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
