// `--timeline` and `--trace`: who ran when, a row for each slot.
//
//     job_chart chart;
//     std::size_t slot = chart.take_slot();
//     // ... the job runs ...
//     chart.add(slot, {.from = began, .to = ended, .run = ..., .queued = ..., .blocked = ...,
//                      .label = "a.log"});
//     chart.give_back(slot);
//     chart.save_picture("run.svg");
//
// Memory and the picture are bounded: of many jobs, neighbours in a slot are drawn as one.
#pragma once

#include <twill/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twill_command {

// A job, or several that ran in one slot one after the other.
struct stretch {
    twill::time_point from{};
    twill::time_point to{};
    // Of that time; when in it is not known. What is left is none of them.
    twill::duration run{};
    twill::duration queued{};
    twill::duration blocked{};
    twill::duration unmeasured{};
    std::string label{};
    std::size_t jobs = 1;
    std::size_t failed = 0;
};

class job_chart {
public:
    // `most`: stretches that are kept.
    explicit job_chart(std::size_t most = 50'000) noexcept : most_(most) {}

    // The lowest that nobody has.
    std::size_t take_slot();
    void give_back(std::size_t slot) noexcept { taken_[slot] = false; }

    // In a slot, in the order of their ends.
    void add(std::size_t slot, stretch one);

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] const std::vector<std::vector<stretch>>& rows() const noexcept { return rows_; }

    // An SVG, of at most 300 kB. Throws io_error.
    void save_picture(const std::string& path) const;
    // For Perfetto, some 1 kB for each stretch. Throws io_error.
    void save_trace(const std::string& path) const;

private:
    void merge_neighbours();
    [[nodiscard]] twill::time_point first() const noexcept;

    std::size_t most_;
    std::size_t size_ = 0;
    std::vector<std::vector<stretch>> rows_;
    std::vector<bool> taken_;
};

}  // namespace twill_command
