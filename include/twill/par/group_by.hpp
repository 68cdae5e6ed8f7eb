// Groups the elements of a range by a key, in parallel if that pays.
//
//     auto by_city = twill::par::group_by(people, &person::city);
//     for (std::size_t g = 0; g != by_city.size(); ++g)
//         print(by_city.key(g), by_city[g].size());              // by_city[g]: a span of people
//
// Groups come in the order in which their keys first appear, and the elements of a group in the
// order of the range: the result does not depend on the number of threads.
#pragma once

#include <twill/core/config.hpp>
#include <twill/par/context.hpp>
#include <twill/par/detail/grouping.hpp>
#include <twill/par/detail/side_memory.hpp>
#include <twill/par/for_each.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {
namespace par {

// The elements of all groups one after the other. Not changed by reading: any number of threads
// may.
template <class Key, class Value>
class groups {
public:
    // Of groups.
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }
    [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }

    [[nodiscard]] const Key& key(std::size_t group) const { return keys_[group]; }
    [[nodiscard]] std::span<const Value> operator[](std::size_t group) const {
        return std::span(values_).subspan(begins_[group], begins_[group + 1] - begins_[group]);
    }

    [[nodiscard]] const std::vector<Key>& keys() const noexcept { return keys_; }
    // All elements, group by group.
    [[nodiscard]] const std::vector<Value>& values() const noexcept { return values_; }

    groups(std::vector<Key> keys, std::vector<std::size_t> begins, std::vector<Value> values)
        : keys_(std::move(keys)), begins_(std::move(begins)), values_(std::move(values)) {}

private:
    std::vector<Key> keys_;
    std::vector<std::size_t> begins_;  // one more than keys: where each group begins, and the end
    std::vector<Value> values_;
};

// Groups copies of the elements by key(element), compared by == and hashed by `hash`.
//
// Throws: what the functions and copies throw, as for_each does; `cancelled`, at a beat, if the
// region was asked to stop; std::bad_alloc. Complexity: O(n). Memory beside the result: four bytes
// an element, and at most 64 bytes for each key and each 4096 elements or more that have it. `key`
// and `hash` are called once for each element, by several threads at a time. Elements are
// default-constructible. Any thread.
template <splittable_range R, std::invocable<std::ranges::range_reference_t<R>> KeyOf,
          class Hash = std::hash<
              std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::ranges::range_reference_t<R>>>>>
    requires std::default_initializable<std::ranges::range_value_t<R>> &&
             std::copyable<std::ranges::range_value_t<R>>
[[nodiscard]] auto group_by(context& here, R&& range, KeyOf key, Hash hash = {}) {
    using key_type =
        std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::ranges::range_reference_t<R>>>;
    using value_type = std::ranges::range_value_t<R>;
    const auto first = std::ranges::begin(range);
    const auto count = static_cast<std::size_t>(std::ranges::distance(range));
    detail::grouping<key_type> found = detail::find_groups<key_type>(
        here, count,
        [&](std::size_t i) -> key_type { return std::invoke(key, detail::element_at(first, i)); },
        hash);
    std::vector<value_type> values;
    values.reserve(count);
    detail::touch_in_large_pages(values.data(), count * sizeof(value_type));
    values.resize(count);
    found.each_place(here, [first, to = values.data()](std::size_t i, std::size_t place) {
        to[place] = detail::element_at(first, i);
    });
    return groups<key_type, value_type>(std::move(found.keys), std::move(found.begins),
                                        std::move(values));
}

template <splittable_range R, std::invocable<std::ranges::range_reference_t<R>> KeyOf,
          class Hash = std::hash<
              std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::ranges::range_reference_t<R>>>>>
    requires std::default_initializable<std::ranges::range_value_t<R>> &&
             std::copyable<std::ranges::range_value_t<R>>
[[nodiscard]] auto group_by(R&& range, KeyOf key, Hash hash = {}) {
    return region(
        [&](context& here) { return par::group_by(here, range, std::move(key), std::move(hash)); });
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::invocable<std::iter_reference_t<I>> KeyOf,
          class Hash = std::hash<
              std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::iter_reference_t<I>>>>>
[[nodiscard]] auto group_by(context& here, I first, S last, KeyOf key, Hash hash = {}) {
    return par::group_by(here, std::ranges::subrange(first, last), std::move(key), std::move(hash));
}

template <std::random_access_iterator I, std::sized_sentinel_for<I> S,
          std::invocable<std::iter_reference_t<I>> KeyOf,
          class Hash = std::hash<
              std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::iter_reference_t<I>>>>>
[[nodiscard]] auto group_by(I first, S last, KeyOf key, Hash hash = {}) {
    return par::group_by(std::ranges::subrange(first, last), std::move(key), std::move(hash));
}

}  // namespace par
}  // namespace twill::inline TWILL_ABI
