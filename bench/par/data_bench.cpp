// Sorts and other algorithms over large data: twill's, and the rows.

#include "par/data.hpp"

#include "common/program.hpp"
#include "par/groups.hpp"
#include "par/programs.hpp"

#include <twill/par/accumulator.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/group_by.hpp>
#include <twill/par/histogram.hpp>
#include <twill/par/partition.hpp>
#include <twill/par/scan.hpp>
#include <twill/par/sort.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

// Functions are called in lambdas, as the peers do: by a pointer, no library could inline them.
struct twill_data {
    template <class T>
    static void sort(std::vector<T>& all) {
        par::sort(all);
    }
    static void sort_records(std::vector<record>& all) {
        par::sort(all, std::ranges::less(), &record::key);
    }
    static void scan(const std::vector<double>& from, std::vector<double>& to) {
        par::inclusive_scan(from, to.begin());
    }
    static void partition(std::vector<std::uint32_t>& all) {
        par::stable_partition(all, [](std::uint32_t each) { return is_even(each); });
    }
    static std::vector<std::size_t> histogram(const std::vector<std::uint32_t>& all) {
        return par::histogram(all, buckets, [](std::uint32_t each) { return bucket_of(each); });
    }
    template <class Timed>
    static grouped group(const std::vector<std::uint64_t>& all, Timed&& timed) {
        const auto group_all = [&] {
            return par::group_by(all, [](std::uint64_t each) { return group_of(each); });
        };
        std::optional<decltype(group_all())> found;
        timed([&] { found.emplace(group_all()); });
        grouped result;
        for (std::size_t g = 0; g != found->size(); ++g) result.add(found->key(g), (*found)[g]);
        return result;
    }
    static tally count_keys(const std::vector<std::uint64_t>& all) {
        using counts = std::unordered_map<std::uint64_t, std::size_t>;
        par::accumulator<counts> parts;
        par::for_each_block(all.size(), [&](std::size_t from, std::size_t to) {
            counts& mine = parts.local();
            for (std::size_t i = from; i != to; ++i) ++mine[group_of(all[i])];
        });
        return tally_of(parts.combine([](counts a, const counts& b) {
            for (const auto& [key, count] : b) a[key] += count;
            return a;
        }));
    }
};

const peer here{"twill", "twill", {"data"}};
const peer serial_code{"serial", "twill", {"serial-data"}};
const peer vqsort{"VQSort, one core", "vqsort"};
const peer onetbb_shared_map{"oneTBB, one concurrent map", "onetbb"};
const peer gnu_parallel{"g++'s parallel mode", "gnu-parallel"};

row of(const settings& how, std::string title, const words& arguments,
       const std::vector<peer>& peers, std::vector<target> targets) {
    return make_row({.name = std::move(title), .unit = "ms", .targets = std::move(targets)}, "ms",
                    measure(how, here, peers, arguments));
}

std::string number(const settings& how, long full) { return std::to_string(how.size(full)); }

}  // namespace

bool run_data(std::string_view how, std::string_view name, std::size_t count) {
    serial_algorithms plain;
    if (how == "serial-data") return report_others(plain, name, count);
    twill_data data;
    return report_sorts(data, name, count) || report_object_sorts(data, name, count) ||
           report_others(data, name, count);
}

std::vector<row> sort_rows(const settings& how) {
    const target faster{.against = every_peer, .bound = 1, .binding = true};
    // By comparisons alone they take ten times as long as with vectors.
    std::vector<peer> peers = {rayon, onetbb, gnu_parallel, std_par};
    for (std::size_t i = 1; i < peers.size(); ++i) peers[i].most_rounds = 2;
    std::vector<peer> with_vectors = peers;
    with_vectors.insert(with_vectors.begin(), vqsort);
    return {
        of(how, "sort 50 M uint64", {"sort-u64", number(how, 50'000'000)}, with_vectors,
           {{.against = vqsort.name, .bound = 1 / 1.6, .binding = true}, faster}),
        of(how, "sort 50 M float", {"sort-float", number(how, 50'000'000)}, with_vectors, {faster}),
        of(how, "sort 20 M records by key", {"sort-records", number(how, 20'000'000)}, peers,
           {faster}),
        of(how, "sort 5 M strings", {"sort-strings", number(how, 5'000'000)}, peers, {faster})};
}

std::vector<row> data_rows(const settings& how) {
    const target faster{.against = every_peer, .bound = 1};
    return {of(how, "inclusive_scan, 50 M doubles", {"scan", number(how, 50'000'000)},
               {serial_code, onetbb, std_par},
               {{.against = serial_code.name, .bound = 1, .draw = true}}),
            of(how, "stable_partition, 50 M integers", {"partition", number(how, 50'000'000)},
               {serial_code, std_par, rayon}, {faster}),
            of(how, "histogram of 50 M, 1,024 buckets", {"histogram", number(how, 50'000'000)},
               {serial_code, onetbb, openmp_gcc, openmp_clang, rayon}, {faster}),
            of(how, "group_by, 10 M in 10,000 groups", {"group", number(how, 10'000'000)},
               {serial_code, onetbb, rayon}, {faster}),
            of(how, "count 10,000 keys in 10 M, a map a worker", {"tally", number(how, 10'000'000)},
               {serial_code, onetbb_shared_map}, {})};
}

}  // namespace twill::inline TWILL_ABI::bench
