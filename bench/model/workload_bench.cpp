#include "model/workload.hpp"

#include <twill/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace twill::inline TWILL_ABI::bench {

piece workload::iteration(piece loop, std::uint64_t) const { return loop; }

const extent* workload::known(piece) const { return nullptr; }

extent workload::extent_of(piece what) const {
    if (const extent* all = known(what)) return *all;
    const step s = unfold(what);
    extent sum{.work = s.before, .span = s.before};
    ticks longest = 0;
    const auto add = [&](const extent& part) {
        sum.work += part.work;
        sum.forks += part.forks;
        sum.loops += part.loops;
        longest = std::max(longest, part.span);
    };
    if (s.next == step::then::join) {
        ++sum.forks;
        add(extent_of(s.left));
        add(extent_of(s.right));
    } else if (s.next == step::then::loop) {
        ++sum.loops;
        if (s.each != 0)
            add({.work = s.each * static_cast<ticks>(s.iterations), .span = s.each});
        else
            for (std::uint64_t i = 0; i != s.iterations; ++i) add(extent_of(iteration(what, i)));
    }
    sum.span += longest;
    return sum;
}

const extent& workload::total() const {
    if (total_) return *total_;
    extent& all = total_.emplace();
    for (const piece& region : regions()) {
        const extent one = extent_of(region);
        all.work += one.work;
        all.span = std::max(all.span, one.span);
        all.forks += one.forks;
        all.loops += one.loops;
    }
    return all;
}

namespace {

// A balanced binary tree of 2^size leaves.
class balanced : public workload {
public:
    balanced(std::string name, unsigned height, ticks leaf)
        : workload(std::move(name)), leaf_(leaf), height_(height) {
        levels_.push_back({.work = leaf, .span = leaf});
        for (unsigned h = 1; h <= height; ++h) {
            const extent below = levels_.back();
            levels_.push_back({2 * below.work, below.span, 2 * below.forks + 1, 0});
        }
    }
    [[nodiscard]] std::vector<piece> regions() const override { return {{0, height_}}; }
    [[nodiscard]] step unfold(piece what) const override {
        if (what.size == 0) return {.before = leaf_};
        const piece half{0, what.size - 1};
        return {.next = step::then::join, .left = half, .right = half};
    }
    [[nodiscard]] const extent* known(piece what) const override { return &levels_[what.size]; }

private:
    ticks leaf_;
    unsigned height_;
    std::vector<extent> levels_;
};

// Many regions at once, each a balanced tree: most are small, a few large (eight sizes).
class many_regions final : public balanced {
public:
    many_regions(std::string name, unsigned count, unsigned largest)
        : balanced(std::move(name), largest, 1 * us) {
        random_source dice(64);
        for (unsigned i = 0; i != count; ++i) {
            unsigned height = largest;
            while (height > largest - 7 && dice.below(10) < 6) --height;
            regions_.push_back({0, height});
        }
    }
    [[nodiscard]] std::vector<piece> regions() const override { return regions_; }

private:
    std::vector<piece> regions_;
};

class flat_loop final : public workload {
public:
    flat_loop(std::string name, std::uint64_t count, ticks each)
        : workload(std::move(name)), count_(count), each_(each) {}
    [[nodiscard]] std::vector<piece> regions() const override { return {{0, count_}}; }
    [[nodiscard]] step unfold(piece what) const override {
        return {.next = step::then::loop, .iterations = what.size, .each = each_};
    }

private:
    std::uint64_t count_;
    ticks each_;
};

// Ten children below each node, visited by a loop; the leaves work.
class ten_ary final : public workload {
public:
    ten_ary(std::string name, unsigned height, ticks leaf)
        : workload(std::move(name)), leaf_(leaf), height_(height) {
        levels_.push_back({.work = leaf, .span = leaf});
        for (unsigned h = 1; h <= height; ++h) {
            const extent below = levels_.back();
            levels_.push_back({10 * below.work, below.span, 0, 10 * below.loops + 1});
        }
    }
    [[nodiscard]] std::vector<piece> regions() const override { return {{0, height_}}; }
    [[nodiscard]] step unfold(piece what) const override {
        if (what.size == 0) return {.before = leaf_};
        return {.next = step::then::loop, .iterations = 10};
    }
    [[nodiscard]] piece iteration(piece loop, std::uint64_t) const override {
        return {0, loop.size - 1};
    }
    [[nodiscard]] const extent* known(piece what) const override { return &levels_[what.size]; }

private:
    ticks leaf_;
    unsigned height_;
    std::vector<extent> levels_;
};

// After the Unbalanced Tree Search benchmark (Olivier et al., 2006), geometric and of fixed depth:
// how many children a node has follows from its key alone.
class unbalanced final : public workload {
public:
    unbalanced(std::string name, std::uint64_t depth, double children, ticks each)
        : workload(std::move(name)),
          depth_(depth),
          ratio_(children / (1 + children)),
          each_(each) {}
    [[nodiscard]] std::vector<piece> regions() const override { return {{19, depth_}}; }
    [[nodiscard]] step unfold(piece what) const override {
        if (what.size == 0) return {.before = each_};
        random_source dice(what.key);
        const double u = 1 - dice.unit();
        // The root has the mean, as in the original.
        const double k = what.size == depth_ ? ratio_ / (1 - ratio_) + 0.5
                                             : std::floor(std::log(u) / std::log(ratio_));
        if (k < 1) return {.before = each_};
        return {
            .before = each_, .next = step::then::loop, .iterations = static_cast<std::uint64_t>(k)};
    }
    [[nodiscard]] piece iteration(piece loop, std::uint64_t i) const override {
        return {(loop.key ^ (i + 1)) * 0x9e3779b97f4a7c15U + i, loop.size - 1};
    }

private:
    std::uint64_t depth_;
    double ratio_;
    ticks each_;
};

// Partitions serially, a nanosecond an element, then sorts both parts at once; what is small is
// sorted as it is.
class quicksort final : public workload {
public:
    quicksort(std::string name, std::uint64_t elements)
        : workload(std::move(name)), elements_(elements) {}
    [[nodiscard]] std::vector<piece> regions() const override { return {{7, elements_}}; }
    [[nodiscard]] step unfold(piece what) const override {
        if (what.size <= 512) return {.before = static_cast<ticks>(what.size) * 12 * ns};
        random_source dice(what.key);
        // The median of three: between a quarter and three quarters, as a rule.
        double draws[3] = {dice.unit(), dice.unit(), dice.unit()};
        std::sort(draws, draws + 3);
        const auto left =
            static_cast<std::uint64_t>(draws[1] * static_cast<double>(what.size - 1)) + 1;
        return {.before = static_cast<ticks>(what.size) * ns,
                .next = step::then::join,
                .left = {dice.next(), left},
                .right = {dice.next(), what.size - left}};
    }

private:
    std::uint64_t elements_;
};

unsigned log2_of(std::uint64_t x) { return x < 2 ? 0 : 1 + log2_of(x / 2); }

}  // namespace

std::vector<std::unique_ptr<workload>> all_workloads(std::uint64_t scale) {
    const unsigned less = log2_of(scale);
    const unsigned tens = scale >= 10 ? 1 : 0;
    std::vector<std::unique_ptr<workload>> all;
    all.push_back(std::make_unique<balanced>("tree, leaves of 10 ns", 25 - less, 10 * ns));
    all.push_back(std::make_unique<balanced>("tree, leaves of 1 us", 19 - less, 1 * us));
    all.push_back(std::make_unique<balanced>("large tree, leaves of 1 us", 22 - less, 1 * us));
    all.push_back(std::make_unique<flat_loop>("loop, 1,000,000 x 1 us", 1'000'000 / scale, 1 * us));
    all.push_back(std::make_unique<flat_loop>("loop, 1,000 x 100 us", 1'000, 100 * us));
    all.push_back(
        std::make_unique<unbalanced>("unbalanced tree, 150 ns", 10 - 4 * tens, 4, 150 * ns));
    all.push_back(std::make_unique<ten_ary>("ten children, leaves of 200 ns", 6 - tens, 200 * ns));
    all.push_back(std::make_unique<quicksort>("quicksort, 16,000,000", 16'000'000 / scale));
    all.push_back(std::make_unique<many_regions>("64 regions, unequal", 64, 15 - less / 2));
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
