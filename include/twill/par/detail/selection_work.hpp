// The tiles of stable selections: each element goes to the next place of what is kept, or of the
// rest.
//
// Small trivial elements are sorted into two buffers on the thread's stack, without a branch, and
// copied to their places when these are known. Others get a mark, and are moved while it is their
// tile's turn: by one thread at a time, so that a place is never written before its old element has
// left. The predicate runs on all threads in both cases, once an element.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/side_memory.hpp>
#include <twill/par/for_each.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class T>
inline constexpr bool buffered = std::is_trivially_copyable_v<T> && sizeof(T) <= 64;

// 16 KiB, at most 4096 elements.
template <class T>
inline constexpr std::size_t selection_tile =
    buffered<T> ? std::min<std::size_t>(4096, (std::size_t{16} << 10) / sizeof(T)) : 4096;

// Room for some elements that are made without calling a constructor.
template <class T, std::size_t Size>
struct raw_buffer {
    alignas(T) std::byte bytes[Size * sizeof(T)];

    void put(std::size_t i, const T& value) noexcept { ::new (bytes + i * sizeof(T)) T(value); }
    const T* data() const noexcept { return std::launder(reinterpret_cast<const T*>(bytes)); }
};

template <class T, class O>
void copy_buffer(const T* from, std::size_t count, const O& output, std::size_t at) {
    if constexpr (std::contiguous_iterator<O> && std::same_as<std::iter_value_t<O>, T>) {
        if (count != 0) std::memcpy(std::to_address(output) + at, from, count * sizeof(T));
    } else {
        for (std::size_t i = 0; i != count; ++i) element_at(output, at + i) = from[i];
    }
}

// Whether element i of a tile is kept.
struct marks {
    bool kept[4096];
};

// Copies what is kept to `output`, which does not overlap the input.
template <class I, class O, class P, class Proj>
struct copy_if_work {
    using value = std::iter_value_t<I>;
    static constexpr std::size_t granule = 1;
    static constexpr std::size_t largest = selection_tile<value>;

    struct marked_tile : marks {
        std::size_t count;
        std::size_t at;
    };
    struct buffered_tile {
        raw_buffer<value, largest> kept;
        std::size_t count;
        std::size_t at;
    };
    using tile = std::conditional_t<buffered<value>, buffered_tile, marked_tile>;

    const I* first;
    const O* output;
    P* wanted;
    Proj* proj;
    std::size_t place = 0;

    void prepare(par::context&, tile& mine, std::size_t from, std::size_t to) {
        const I in = *first;
        std::size_t count = 0;
        for (std::size_t i = from; i != to; ++i) {
            const bool keep =
                static_cast<bool>(std::invoke(*wanted, std::invoke(*proj, element_at(in, i))));
            if constexpr (buffered<value>)
                mine.kept.put(count, element_at(in, i));
            else
                mine.kept[i - from] = keep;
            count += keep ? 1 : 0;
        }
        mine.count = count;
    }
    void turn(par::context&, tile& mine, std::size_t, std::size_t) noexcept {
        mine.at = place;
        place += mine.count;
    }
    void finish(par::context&, tile& mine, std::size_t from, std::size_t to) {
        if constexpr (buffered<value>) {
            copy_buffer(mine.kept.data(), mine.count, *output, mine.at);
        } else {
            std::size_t at = mine.at;
            for (std::size_t i = from; i != to; ++i)
                if (mine.kept[i - from]) element_at(*output, at++) = element_at(*first, i);
        }
    }
};

// Moves what is kept to the front of the range. `Rest` takes the others, in their order:
// `put(at, values, count)` trivial ones by several threads at a time, `put(at, element)` one by
// one.
template <class I, class P, class Proj, class Rest>
struct select_work {
    using value = std::iter_value_t<I>;
    static constexpr std::size_t granule = 1;
    static constexpr std::size_t largest = selection_tile<value>;

    struct buffered_tile {
        raw_buffer<value, largest> kept;
        raw_buffer<value, largest> rest;
        std::size_t count;
        std::size_t at;
    };
    using tile = std::conditional_t<buffered<value>, buffered_tile, marks>;

    const I* first;
    P* wanted;
    Proj* proj;
    Rest* rest;
    std::size_t place = 0;  // of the next that is kept

    void prepare(par::context&, tile& mine, std::size_t from, std::size_t to) {
        const I in = *first;
        std::size_t count = 0;
        for (std::size_t i = from; i != to; ++i) {
            const bool keep =
                static_cast<bool>(std::invoke(*wanted, std::invoke(*proj, element_at(in, i))));
            if constexpr (buffered<value>) {
                mine.kept.put(count, element_at(in, i));
                mine.rest.put(i - from - count, element_at(in, i));
                count += keep ? 1 : 0;
            } else {
                mine.kept[i - from] = keep;
            }
        }
        if constexpr (buffered<value>) mine.count = count;
    }

    // Moving must not throw: an element would be lost.
    void turn(par::context&, tile& mine, std::size_t from, std::size_t to) noexcept {
        if constexpr (buffered<value>) {
            mine.at = place;
            place += mine.count;
        } else {
            for (std::size_t i = from; i != to; ++i) {
                if (!mine.kept[i - from])
                    rest->put(i - place, element_at(*first, i));
                else if (place++ != i)
                    element_at(*first, place - 1) = std::ranges::iter_move(iterator_to(i));
            }
        }
    }

    void finish(par::context&, tile& mine, std::size_t from, std::size_t to) noexcept {
        if constexpr (buffered<value>) {
            copy_buffer(mine.kept.data(), mine.count, *first, mine.at);
            rest->put(from - mine.at, mine.rest.data(), to - from - mine.count);
        }
    }

private:
    I iterator_to(std::size_t i) const {
        return *first + static_cast<std::iter_difference_t<I>>(i);
    }
};

// For those that are dropped.
template <class T>
struct no_rest {
    void put(std::size_t, const T*, std::size_t) noexcept {}
    void put(std::size_t, const T&) noexcept {}
};

// Memory for all elements, of which only what is needed is touched.
template <class T>
class side_buffer {
public:
    static_assert(alignof(T) <= 64);

    explicit side_buffer(std::size_t size)
        : bytes_(checked_product(size, sizeof(T))),
          room_(static_cast<T*>(allocate_side_memory(bytes_))) {}
    ~side_buffer() { release_side_memory(room_, bytes_); }
    side_buffer(const side_buffer&) = delete;
    side_buffer& operator=(const side_buffer&) = delete;

    void put(std::size_t at, const T* values, std::size_t count) noexcept
        requires buffered<T>
    {
        if (count != 0) std::memcpy(static_cast<void*>(room_ + at), values, count * sizeof(T));
    }
    void put(std::size_t at, T& element) noexcept { ::new (room_ + at) T(std::move(element)); }

    // Moves the elements [from, to) to `output` + from, and ends them here.
    template <class O>
    void take_out(const O& output, std::size_t from, std::size_t to) noexcept {
        if constexpr (buffered<T>) {
            copy_buffer(room_ + from, to - from, output, from);
        } else {
            for (; from != to; ++from) {
                element_at(output, from) = std::move(room_[from]);
                std::destroy_at(room_ + from);
            }
        }
    }

private:
    static std::size_t checked_product(std::size_t count, std::size_t size) {
        if (count > static_cast<std::size_t>(-1) / size) throw std::bad_array_new_length();
        return count * size;
    }

    const std::size_t bytes_;
    T* const room_;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
