// Algorithms over large data: sorts, scan, partition, histogram, grouping. For twill, plain serial
// code and the peers in C++; each is checked.
//
// A class `Algorithms` has those of these that its library has, on all cores:
//     void sort(std::vector<T>& all);          // T: std::uint64_t, float, std::string
//     void sort_records(std::vector<record>& all);      // by key, in any order of equal ones
//     void scan(const std::vector<double>& from, std::vector<double>& to);  // inclusive sums
//     void partition(std::vector<std::uint32_t>& all);  // stable, even numbers in front
//     std::vector<std::size_t> histogram(const std::vector<std::uint32_t>& all);  // by bucket_of
//     grouped group(const std::vector<std::uint64_t>& all, Timed timed);           // by group_of
#pragma once

#include <twill/core/config.hpp>

#include "common/meter.hpp"
#include "par/kernels/run.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct record {
    std::uint64_t key;
    std::uint64_t value;
};

constexpr std::size_t buckets = 1024;
constexpr std::size_t bucket_of(std::uint32_t each) { return each >> 22; }
constexpr std::uint64_t groups = 10'000;
constexpr std::uint64_t group_of(std::uint64_t each) { return each % groups; }
constexpr bool is_even(std::uint32_t each) { return each % 2 == 0; }

// How many groups there are, how many elements in them, and whether each is where it belongs.
struct grouped {
    std::size_t groups = 0;
    std::size_t elements = 0;
    bool right = true;

    template <class Elements>
    void add(std::uint64_t key, const Elements& all) {
        ++groups;
        elements += all.size();
        for (const std::uint64_t each : all) right = right && group_of(each) == key;
    }
};

// How many keys there are, and how often they occur together.
using tally = std::pair<std::size_t, std::size_t>;
template <class Counts>
tally tally_of(const Counts& counts) {
    tally result;
    for (const auto& [key, count] : counts) ++result.first, result.second += count;
    return result;
}

struct serial_algorithms {
    static void scan(const std::vector<double>& from, std::vector<double>& to) {
        std::inclusive_scan(from.begin(), from.end(), to.begin());
    }
    static void partition(std::vector<std::uint32_t>& all) {
        std::vector<std::uint32_t> odd;
        auto to = all.begin();
        for (const std::uint32_t each : all) {
            if (is_even(each))
                *to++ = each;
            else
                odd.push_back(each);
        }
        std::copy(odd.begin(), odd.end(), to);
    }
    static std::vector<std::size_t> histogram(const std::vector<std::uint32_t>& all) {
        std::vector<std::size_t> counts(buckets);
        for (const std::uint32_t each : all) ++counts[bucket_of(each)];
        return counts;
    }
    template <class Timed>
    static grouped group(const std::vector<std::uint64_t>& all, Timed&& timed) {
        std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> found;
        timed([&] {
            for (const std::uint64_t each : all) found[group_of(each)].push_back(each);
        });
        grouped result;
        for (const auto& [key, elements] : found) result.add(key, elements);
        return result;
    }
    static tally count_keys(const std::vector<std::uint64_t>& all) {
        std::unordered_map<std::uint64_t, std::size_t> counts;
        for (const std::uint64_t each : all) ++counts[group_of(each)];
        return tally_of(counts);
    }
};

// SplitMix64, so that the peers in other languages have the same numbers.
class numbers {
public:
    std::uint64_t operator()() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
        z = (z ^ z >> 27) * 0x94d049bb133111ebU;
        return z ^ z >> 31;
    }

private:
    std::uint64_t state_ = 1;
};

// One call of each, timed: sorted data is no input for a second. Threads were started before.
template <class F>
void report_once(F&& work) {
    const double began = wall_seconds();
    const double cpu_began = cpu_seconds();
    work();
    print("ms", (wall_seconds() - began) * 1e3);
    print("cpu_ms", (cpu_seconds() - cpu_began) * 1e3);
}

template <class T, class Make>
std::vector<T> filled(std::size_t count, Make&& make) {
    numbers next;
    std::vector<T> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) all.push_back(make(next));
    return all;
}

// `sort` sorts; `key` gives what is to be in order, `digest` a number to know an element by.
template <class T, class Make, class Sort, class Key, class Digest>
void report_sort(std::size_t count, Make&& make, Sort&& sort, Key&& key, Digest&& digest) {
    const auto sum = [&](const std::vector<T>& all) {
        return std::transform_reduce(all.begin(), all.end(), std::uint64_t{0}, std::plus<>(),
                                     digest);
    };
    std::vector<T> small = filled<T>(count / 50 + 1, make);
    sort(small);
    std::vector<T> all = filled<T>(count, make);
    const std::uint64_t before = sum(all);
    report_once([&] { sort(all); });
    demand(sum(all) == before && std::ranges::is_sorted(all, {}, key), "sort");
}

inline std::string word_of(numbers& next) {
    std::string word(8 + next() % 17, ' ');
    for (char& letter : word) letter = static_cast<char>('a' + next() % 26);
    return word;
}

template <class Algorithms>
void report_scan(Algorithms& algorithms, std::size_t count) {
    const std::vector<double> from(count, 0.5);
    std::vector<double> to(count);
    report_runs([&] { algorithms.scan(from, to); });
    for (std::size_t i = 0; i < count; ++i)
        demand(to[i] == 0.5 * static_cast<double>(i + 1), "scan");
}

template <class Algorithms>
void report_partition(Algorithms& algorithms, std::size_t count) {
    const auto make = [](numbers& next) { return static_cast<std::uint32_t>(next()); };
    std::vector<std::uint32_t> small = filled<std::uint32_t>(count / 50 + 1, make);
    algorithms.partition(small);
    std::vector<std::uint32_t> all = filled<std::uint32_t>(count, make);
    std::vector<std::uint32_t> expected = all;
    serial_algorithms::partition(expected);
    report_once([&] { algorithms.partition(all); });
    demand(all == expected, "partition");
}

template <class Algorithms>
void report_histogram(Algorithms& algorithms, std::size_t count) {
    const auto all = filled<std::uint32_t>(
        count, [](numbers& next) { return static_cast<std::uint32_t>(next()); });
    const auto expected = serial_algorithms::histogram(all);
    report_runs([&] { demand(algorithms.histogram(all) == expected, "histogram"); });
}

// `group` is given a function `timed` to put around the grouping itself, which leaves out the
// check.
template <class Algorithms>
void report_group(Algorithms& algorithms, std::size_t count) {
    const auto all = filled<std::uint64_t>(count, [](numbers& next) { return next(); });
    static_cast<void>(algorithms.group(all, [](auto&& work) { work(); }));
    const grouped found = algorithms.group(all, [](auto&& work) { report_once(work); });
    demand(found.right && found.elements == count && found.groups == std::min(count, groups),
           "group");
}

template <class Algorithms>
void report_tally(Algorithms& algorithms, std::size_t count) {
    const auto all = filled<std::uint64_t>(count, [](numbers& next) { return next(); });
    const tally expected = serial_algorithms::count_keys(all);
    report_runs([&] { demand(algorithms.count_keys(all) == expected, "tally"); });
}

template <class Algorithms>
bool report_sorts(Algorithms& algorithms, std::string_view name, std::size_t count) {
    const auto sort = [&](auto& all) { algorithms.sort(all); };
    if (name == "sort-u64") {
        report_sort<std::uint64_t>(
            count, [](numbers& next) { return next(); }, sort, std::identity(), std::identity());
    } else if (name == "sort-float") {
        report_sort<float>(
            count, [](numbers& next) { return static_cast<float>(next() >> 40) / 1024; }, sort,
            std::identity(), [](float each) { return static_cast<std::uint64_t>(each * 1024); });
    } else {
        return false;
    }
    return true;
}

template <class Algorithms>
bool report_object_sorts(Algorithms& algorithms, std::string_view name, std::size_t count) {
    if (name == "sort-records") {
        report_sort<record>(
            count,
            [](numbers& next) {
                const std::uint64_t key = next();
                return record{key, ~key};
            },
            [&](auto& all) { algorithms.sort_records(all); }, &record::key,
            [](const record& each) { return each.key == ~each.value ? each.key : 0; });
    } else if (name == "sort-strings") {
        report_sort<std::string>(
            count, word_of, [&](auto& all) { algorithms.sort(all); }, std::identity(),
            [](const std::string& each) { return std::hash<std::string>()(each); });
    } else {
        return false;
    }
    return true;
}

template <class Algorithms>
bool report_others(Algorithms& algorithms, std::string_view name, std::size_t count) {
    if (name == "scan")
        report_scan(algorithms, count);
    else if (name == "partition")
        report_partition(algorithms, count);
    else if (name == "histogram")
        report_histogram(algorithms, count);
    else if (name == "group")
        report_group(algorithms, count);
    else if (name == "tally")
        report_tally(algorithms, count);
    else
        return false;
    return true;
}

}  // namespace twill::inline TWILL_ABI::bench
