#include "model/rehearsal.hpp"

#include <twill/core/time.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/join.hpp>
#include <twill/runtime/compute_pool.hpp>

#include "model/pool_model.hpp"

#include <time.h>

#include <algorithm>
#include <cstddef>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr unsigned children = 10;
constexpr unsigned height = 3;
constexpr unsigned leaves = children * children * children;

void rest() {
    const timespec length{0, 1'000'000};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

// With a fork of nothing: like all that computes for long it answers a poke before it ends.
void leaf(par::context& here) {
    rest();
    par::join(here, [] {}, [] {});
}

void by_loops(par::context& here, unsigned level) {
    if (level == 0) return leaf(here);
    par::for_each_index(here, children,
                        [=](par::context& there, std::size_t) { by_loops(there, level - 1); });
}

// `count` subtrees of height `level`.
void by_joins(par::context& here, unsigned level, unsigned count) {
    if (count > 1) {
        par::join(
            here, [=](par::context& there) { by_joins(there, level, count / 2); },
            [=](par::context& there) { by_joins(there, level, count - count / 2); });
    } else if (level == 0) {
        leaf(here);
    } else {
        by_joins(here, level - 1, children);
    }
}

// The same for the model. A piece's size is its height, its key how many of them it is.
class resting_tree final : public workload {
public:
    resting_tree(bool loops, ticks leaf) : workload("rehearsal"), loops_(loops), leaf_(leaf) {}
    [[nodiscard]] std::vector<piece> regions() const override { return {{1, height}}; }
    [[nodiscard]] step unfold(piece what) const override {
        const auto [count, level] = what;
        if (count == 0) return {};
        if (count > 1)
            return {.next = step::then::join,
                    .left = {count / 2, level},
                    .right = {count - count / 2, level}};
        if (level == 0) return {.before = leaf_, .next = step::then::join};
        if (loops_) return {.next = step::then::loop, .iterations = children};
        return unfold({children, level - 1});
    }
    [[nodiscard]] piece iteration(piece loop, std::uint64_t) const override {
        return {1, loop.size - 1};
    }

private:
    bool loops_;
    ticks leaf_;
};

ticks since(time_point from) { return static_cast<ticks>((now() - from).count()) * ns; }

ticks leaf_time() {
    const time_point from = now();
    for (int i = 0; i != 20; ++i) rest();
    return since(from) / 20;
}

ticks run(unsigned workers, bool loops) {
    compute_pool pool({.workers = workers});
    const compute_pool::membership member(pool);
    constexpr int runs = 9;
    std::vector<ticks> took;
    for (int i = 0; i != runs; ++i) {
        const time_point from = now();
        par::region([&](par::context& here) {
            if (loops)
                by_loops(here, height);
            else
                by_joins(here, height, 1);
        });
        took.push_back(since(from));
    }
    // The runs differ by where the first beats fall.
    std::sort(took.begin(), took.end());
    return took[runs / 2];
}

double speed_up(ticks work, ticks took) {
    return static_cast<double>(work) / static_cast<double>(took);
}

}  // namespace

std::vector<rehearsed> rehearse(const costs& cost) {
    std::vector<rehearsed> all;
    for (const bool loops : {true, false})
        for (const unsigned workers : {8U, 32U}) {
            const ticks each = leaf_time();
            const resting_tree tree(loops, each);
            const ticks took = run(workers, loops);
            const auto modelled = [&](const policy& how) {
                return speed_up(leaves * each, simulate(tree, {.cores = workers}, cost, how).took);
            };
            all.push_back({.what = loops ? "ten children by loops" : "ten children by joins",
                           .workers = workers,
                           .pool = speed_up(leaves * each, took),
                           .model = modelled({}),
                           .in_blocks = modelled({.one_by_one = false})});
        }
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
