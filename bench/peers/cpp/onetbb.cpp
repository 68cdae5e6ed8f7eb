// oneTBB: parallel_invoke, task_group, and parallel loops.

#include "fib.hpp"
#include "peer.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/combinable.h>
#include <oneapi/tbb/concurrent_hash_map.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/parallel_scan.h>
#include <oneapi/tbb/parallel_sort.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace tbb = oneapi::tbb;

class onetbb {
public:
    struct context {};

    explicit onetbb(unsigned threads)
        : limit_(tbb::global_control::max_allowed_parallelism, threads) {}

    template <class F>
    auto run(F&& f) {
        context here;
        return f(here);
    }

    template <class F, class G>
    static auto two(context& here, F&& f, G&& g) {
        decltype(f(here)) a;
        decltype(g(here)) b;
        tbb::parallel_invoke([&] { a = f(here); }, [&] { b = g(here); });
        return std::pair{a, b};
    }

    template <class A, class B, class C, class D>
    static void four(context& here, A&& a, B&& b, C&& c, D&& d) {
        tbb::parallel_invoke([&] { a(here); }, [&] { b(here); }, [&] { c(here); },
                             [&] { d(here); });
    }

    template <class Wanted, class F>
    static long sum(context& here, int count, Wanted&& wanted, F&& f) {
        child_values values(count);
        tbb::task_group group;
        for (int i = 0; i < count; ++i) {
            values[i] = 0;
            if (wanted(i)) group.run([&values, &here, &f, i] { values[i] = f(here, i); });
        }
        group.wait();
        long total = 0;
        for (int i = 0; i < count; ++i) total += values[i];
        return total;
    }

private:
    tbb::global_control limit_;
};

class onetbb_loops {
public:
    template <class F>
    void inside(F&& f) {
        arena_.execute(f);
    }
    static void write(int* to, std::size_t count, int k) {
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count), [=](const auto& part) {
            for (std::size_t i = part.begin(); i != part.end(); ++i)
                to[i] = static_cast<int>(i) * k;
        });
    }
    template <class T>
    static T sum(const T* from, std::size_t count) {
        return tbb::parallel_reduce(
            tbb::blocked_range<std::size_t>(0, count), T{0},
            [=](const auto& part, T total) {
                for (std::size_t i = part.begin(); i != part.end(); ++i) total += from[i];
                return total;
            },
            std::plus<>());
    }
    static std::size_t count_below(const int* from, std::size_t count, int bound) {
        return tbb::parallel_reduce(
            tbb::blocked_range<std::size_t>(0, count), std::size_t{0},
            [=](const auto& part, std::size_t total) {
                for (std::size_t i = part.begin(); i != part.end(); ++i)
                    total += from[i] < bound ? 1 : 0;
                return total;
            },
            std::plus<>());
    }
    static void scale(const double* from, double* to, std::size_t count, double by) {
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count), [=](const auto& part) {
            for (std::size_t i = part.begin(); i != part.end(); ++i) to[i] = from[i] * by;
        });
    }
    template <class T>
    static void sort(std::vector<T>& all) {
        tbb::parallel_sort(all.begin(), all.end());
    }
    static void sort_records(std::vector<record>& all) {
        tbb::parallel_sort(all.begin(), all.end(),
                           [](const record& a, const record& b) { return a.key < b.key; });
    }
    static void scan(const std::vector<double>& from, std::vector<double>& to) {
        tbb::parallel_scan(
            tbb::blocked_range<std::size_t>(0, from.size()), 0.0,
            [&](const auto& part, double sum, bool is_final) {
                for (std::size_t i = part.begin(); i != part.end(); ++i) {
                    sum += from[i];
                    if (is_final) to[i] = sum;
                }
                return sum;
            },
            std::plus<>());
    }
    static std::vector<std::size_t> histogram(const std::vector<std::uint32_t>& all) {
        tbb::combinable<std::vector<std::size_t>> parts(
            [] { return std::vector<std::size_t>(buckets); });
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, all.size()), [&](const auto& part) {
            std::vector<std::size_t>& counts = parts.local();
            for (std::size_t i = part.begin(); i != part.end(); ++i) ++counts[bucket_of(all[i])];
        });
        std::vector<std::size_t> total(buckets);
        parts.combine_each([&](const auto& counts) {
            for (std::size_t i = 0; i < buckets; ++i) total[i] += counts[i];
        });
        return total;
    }
    template <class Timed>
    static grouped group(const std::vector<std::uint64_t>& all, Timed&& timed) {
        using groups_of = std::unordered_map<std::uint64_t, std::vector<std::uint64_t>>;
        groups_of found;
        timed([&] {
            tbb::combinable<groups_of> parts;
            tbb::parallel_for(tbb::blocked_range<std::size_t>(0, all.size()),
                              [&](const auto& part) {
                                  groups_of& local = parts.local();
                                  for (std::size_t i = part.begin(); i != part.end(); ++i)
                                      local[group_of(all[i])].push_back(all[i]);
                              });
            parts.combine_each([&](groups_of& local) {
                if (found.empty()) return found.swap(local);
                for (auto& [key, elements] : local) {
                    auto& to = found[key];
                    to.insert(to.end(), elements.begin(), elements.end());
                }
            });
        });
        grouped result;
        for (const auto& [key, elements] : found) result.add(key, elements);
        return result;
    }
    // All threads count in one map.
    static tally count_keys(const std::vector<std::uint64_t>& all) {
        using counts_of = tbb::concurrent_hash_map<std::uint64_t, std::size_t>;
        counts_of counts;
        tbb::parallel_for(tbb::blocked_range<std::size_t>(0, all.size()), [&](const auto& part) {
            for (std::size_t i = part.begin(); i != part.end(); ++i) {
                counts_of::accessor place;
                counts.insert(place, group_of(all[i]));
                ++place->second;
            }
        });
        return tally_of(counts);
    }
    template <class F>
    static void each(std::size_t count, F&& f) {
        tbb::parallel_for(std::size_t{0}, count, f);
    }
    template <class F>
    static void regions(const std::vector<int>& units, F&& f) {
        tbb::task_group all;
        for (const int size : units)
            all.run([&f, size] { tbb::parallel_for(0, size, [&](int) { f(); }); });
        all.wait();
    }

private:
    tbb::task_arena arena_;
};

long fib(int n) {
    if (n < 2) return n;
    long a = 0;
    long b = 0;
    tbb::parallel_invoke([&] { a = fib(n - 1); }, [&] { b = fib(n - 2); });
    return a + b;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::peer_main<bench::onetbb, bench::onetbb_loops>(argc, argv, [&] {
        const oneapi::tbb::global_control one(oneapi::tbb::global_control::max_allowed_parallelism,
                                              1);
        return bench::measure_fib(argc, argv, bench::fib);
    });
}
