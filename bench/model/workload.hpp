// Work for the model: trees of pieces that are unfolded only as they are run.
#pragma once

#include <twill/core/config.hpp>

#include "model/costs.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// A subtree, in the words of its workload.
struct piece {
    std::uint64_t key = 0;
    std::uint64_t size = 0;
};

// What a piece does: `before`, then nothing more, or a join of two, or a loop.
struct step {
    enum class then : unsigned char { nothing, join, loop };

    ticks before = 0;
    then next = then::nothing;
    piece left = {};
    piece right = {};
    std::uint64_t iterations = 0;
    ticks each = 0;  // of a loop's iterations; 0: each is a piece
};

// All below a piece, without the scheduler. `span` is the longest path.
struct extent {
    ticks work = 0;
    ticks span = 0;
    std::uint64_t forks = 0;
    std::uint64_t loops = 0;
};

class workload {
public:
    explicit workload(std::string name) : name_(std::move(name)) {}
    virtual ~workload() = default;
    workload(const workload&) = delete;
    workload& operator=(const workload&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    // A region each, all submitted at the beginning.
    [[nodiscard]] virtual std::vector<piece> regions() const = 0;
    [[nodiscard]] virtual step unfold(piece what) const = 0;
    [[nodiscard]] virtual piece iteration(piece loop, std::uint64_t i) const;
    // Null if it takes unfolding to know.
    [[nodiscard]] virtual const extent* known(piece what) const;

    // Of everything.
    [[nodiscard]] const extent& total() const;

private:
    [[nodiscard]] extent extent_of(piece what) const;

    std::string name_;
    mutable std::optional<extent> total_;
};

// The workloads of the suite, sizes divided by `scale`.
[[nodiscard]] std::vector<std::unique_ptr<workload>> all_workloads(std::uint64_t scale);

}  // namespace twill::inline TWILL_ABI::bench
