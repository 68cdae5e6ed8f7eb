// Makes jobs of the inputs: numbers them, leaves out what earlier runs have done, and puts several
// into one job where `--batch` says so.
#pragma once

#include "twill/map/arguments.hpp"
#include "twill/map/batch_size.hpp"
#include "twill/map/input_source.hpp"
#include "twill/map/planned_job.hpp"
#include "twill/map/record_keeper.hpp"
#include "twill/map/run_control.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace twill_command {

class intake {
public:
    // `refuse`: gets each input that no process can have, as a job of its own, and why; `room`:
    // suspends until there is some for another. What is referred to must outlive it.
    intake(const map_arguments& arguments, input_source& inputs, record_keeper& records,
           run_control& control,
           std::function<void(const planned_job& alone, std::string why)> refuse,
           std::function<twill::task<>()> room)
        : inputs_(inputs),
          records_(records),
          control_(control),
          refuse_(std::move(refuse)),
          room_(std::move(room)),
          batch_(arguments.batch) {}

    // The inputs for the next process, of which `at_once` may run; none: there are no more. Throws
    // io_error: they cannot be read.
    twill::task<planned_job> next(std::size_t at_once);

    // About how many inputs have no process yet, where that is known, when the latest that `next`
    // gave has none.
    [[nodiscard]] std::optional<std::size_t> left() const noexcept {
        const auto more = inputs_.left();
        return more ? std::optional(*more + 1) : std::nullopt;
    }

    // A process with so many inputs took so long.
    void note(std::size_t inputs, twill::duration took) noexcept { batch_.note(inputs, took); }

private:
    void take(const input& next, planned_job& into);

    input_source& inputs_;
    record_keeper& records_;
    run_control& control_;
    std::function<void(const planned_job&, std::string)> refuse_;
    std::function<twill::task<>()> room_;
    batch_size batch_;
    std::uint64_t taken_ = 0;
    std::uint64_t turns_given_ = 0;
};

}  // namespace twill_command
