// Sorting text: comparing strings means following pointers and calling memcmp, most often to find
// out what the first few letters would have told.
//
// Pivots keep their first eight bytes as a number, and so does, in a small array beside, each
// element of a range that is short enough for the caches. Such records of sixteen bytes, cheap to
// move, are sorted instead of the strings, which are compared only where eight bytes do not
// decide; then each string is moved once, to its place. The bytes are taken behind what all of a
// range begin with. The idea is that of Sinha and Zobel's burst sort (2004) and of the caching
// multikey quicksort of Ng and Kakehi (2007), in a megabyte a thread.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/detail/comparison.hpp>
#include <twill/par/detail/small_sort.hpp>
#include <twill/par/detail/sort_keys.hpp>

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace detail {

template <class T>
inline constexpr bool is_text = std::same_as<T, std::string_view>;
template <class Allocator>
inline constexpr bool is_text<std::basic_string<char, std::char_traits<char>, Allocator>> = true;

// Text that lasts longer than the call that returned it.
template <class Result>
concept held_text = is_text<std::remove_cvref_t<Result>> &&
                    (std::is_lvalue_reference_v<Result> || std::same_as<Result, std::string_view>);

template <class I, class Project>
using sort_key_t = std::invoke_result_t<Project&, std::iter_reference_t<I>>;

// Whether a range is sorted by text that its elements hold, in its natural order or the reverse.
template <class I, class Compare, class Project>
concept sorts_text = held_text<sort_key_t<I, Project>> &&
                     (is_less<Compare, std::remove_cvref_t<sort_key_t<I, Project>>> ||
                      is_greater<Compare, std::remove_cvref_t<sort_key_t<I, Project>>>);

// The first eight bytes as a number that orders like them, zeros behind the end.
inline std::uint64_t first_bytes(const char* text, std::size_t size) noexcept {
    static_assert(std::endian::native == std::endian::little);
    if (size >= 8) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, text, 8);
        return __builtin_bswap64(bytes);
    }
    if (size >= 4) {
        std::uint32_t front = 0;
        std::uint32_t back = 0;
        std::memcpy(&front, text, 4);
        std::memcpy(&back, text + size - 4, 4);
        return std::uint64_t{__builtin_bswap32(front)} << 32 |
               std::uint64_t{__builtin_bswap32(back)} << (64 - 8 * size);
    }
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i != size; ++i)
        bytes |= std::uint64_t{static_cast<unsigned char>(text[i])} << (56 - 8 * i);
    return bytes;
}

// Text with its first bytes at hand.
struct text_key {
    explicit text_key(std::string_view all)
        : first(first_bytes(all.data(), all.size())), text(all) {}
    friend bool operator<(const text_key& a, const text_key& b) noexcept {
        return a.first != b.first ? a.first < b.first : a.text < b.text;
    }
    std::uint64_t first;
    std::string_view text;
};

// compare(project(a), project(b)) of a sort by text.
template <class Project, bool Descending>
class text_less {
public:
    static constexpr bool descending = Descending;

    template <class Compare>
    text_less(Compare*, Project* project) : project_(project) {}

    template <class A, class B>
    bool operator()(A&& a, B&& b) const {
        if constexpr (descending)
            return key(b) < key(a);
        else
            return key(a) < key(b);
    }

    [[nodiscard]] static text_key key(const text_key& known) { return known; }
    template <class T>
    [[nodiscard]] text_key key(T& element) const {
        return text_key(text(element));
    }
    template <class T>
    [[nodiscard]] std::string_view text(T&& element) const {
        return project_(element);
    }

private:
    held_function<Project> project_;
};

template <class Less>
inline constexpr bool orders_text = false;
template <class Project, bool Descending>
inline constexpr bool orders_text<text_less<Project, Descending>> = true;

// What elements are compared by.
template <class I, class Compare, class Project>
struct element_order {
    using less = projected_less<Compare, Project>;
};
template <class I, class Compare, class Project>
    requires sorts_text<I, Compare, Project>
struct element_order<I, Compare, Project> {
    using less =
        text_less<Project, is_greater<Compare, std::remove_cvref_t<sort_key_t<I, Project>>>>;
};
template <class I, class Compare, class Project>
using element_less = typename element_order<I, Compare, Project>::less;

// Of a range of `count`, parts up to this size are sorted by records. Large, because in larger ones
// most text is in no cache whenever it is compared; but there are parts for many threads, and each
// is read and moved in about a millisecond.
inline std::size_t sorted_by_records(std::size_t count) noexcept {
    return std::clamp(count / 32, std::size_t{1} << 12, std::size_t{1} << 16);
}

// What stands for an element: `bytes` and `size` of its text behind what all texts begin with.
struct text_record {
    static constexpr std::uint32_t longer = 9;  // than `bytes`

    std::uint64_t bytes;
    std::uint32_t size;
    std::uint32_t place;
};

template <class I, class Less>
class text_records {
public:
    text_records(I first, std::size_t count, text_record* records, const Less& less)
        : first_(first), count_(static_cast<std::uint32_t>(count)), records_(records), less_(less) {
        // Few bytes in common do not matter: the others tell texts apart.
        std::size_t common = 0;
        do {
            common_ += common;
            common = read();
        } while (common >= 4);
    }

    // Compares records.
    [[nodiscard]] auto order() const {
        return [this](const text_record& a, const text_record& b) {
            return Less::descending ? before(b, a) : before(a, b);
        };
    }

    // Puts the elements into the order of the records.
    void move_elements() {
        for (std::uint32_t i = 0; i != count_; ++i) {
            if (records_[i].place == i) continue;
            taken_out<I> element(at(i));
            std::uint32_t hole = i;
            std::uint32_t from = 0;
            while ((from = std::exchange(records_[hole].place, hole)) != i) {
                *element.hole = std::ranges::iter_move(at(from));
                element.hole = at(from);
                hole = from;
            }
        }
    }

private:
    [[nodiscard]] I at(std::uint32_t i) const {
        return first_ + static_cast<std::iter_difference_t<I>>(i);
    }

    // Returns how many bytes more all have in common, as far as that was seen.
    std::size_t read() {
        std::uint64_t difference = 0;
        std::uint32_t shortest = text_record::longer;
        for (std::uint32_t i = 0; i != count_; ++i) {
            const std::string_view rest = less_.text(*at(i)).substr(common_);
            const auto size =
                static_cast<std::uint32_t>(std::min<std::size_t>(rest.size(), text_record::longer));
            records_[i] = {first_bytes(rest.data(), rest.size()), size, i};
            difference |= records_[i].bytes ^ records_[0].bytes;
            shortest = std::min(shortest, size);
        }
        return std::min<std::size_t>(shortest,
                                     static_cast<std::size_t>(std::countl_zero(difference)) / 8);
    }

    [[nodiscard]] bool before(const text_record& a, const text_record& b) const {
        if (a.bytes != b.bytes) return a.bytes < b.bytes;
        // Where one ends within its bytes, the other is as long or goes on.
        if (a.size != text_record::longer || b.size != text_record::longer) return a.size < b.size;
        return behind(a) < behind(b);
    }
    [[nodiscard]] std::string_view behind(const text_record& record) const {
        return less_.text(*at(record.place)).substr(common_ + 8);
    }

    const I first_;
    const std::uint32_t count_;
    text_record* const records_;
    const Less& less_;
    std::size_t common_ = 0;
};

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
