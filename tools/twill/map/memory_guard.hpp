// When memory is so short that the kernel might soon kill somebody: stops the youngest job, which
// has done the least, so that the others may end. It runs again later, and that counts as no try.
#pragma once

#include "twill/map/launcher.hpp"
#include "twill/map/machine_gate.hpp"

#include <twill/core/task.hpp>

#include <cstddef>
#include <vector>

namespace twill_command {

class memory_guard {
public:
    explicit memory_guard(const machine_gate& gate) noexcept : gate_(gate) {}

    // Lists a running job for as long as it lives.
    class watch {
    public:
        watch(memory_guard& by, attempt& one) : by_(by), one_(one) { by_.running_.push_back(&one); }
        ~watch() { std::erase(by_.running_, &one_); }
        watch(const watch&) = delete;
        watch& operator=(const watch&) = delete;

    private:
        memory_guard& by_;
        attempt& one_;
    };

    // Until cancelled.
    twill::task<> run();

    [[nodiscard]] bool nothing_runs() const noexcept { return running_.empty(); }
    // One was stopped, and none has ended by itself since: there is no room for others yet.
    [[nodiscard]] bool is_recovering() const noexcept { return recovering_; }
    void note_end(const attempt& one) noexcept {
        if (!one.evicted) recovering_ = false;
    }
    // How many it has stopped.
    [[nodiscard]] std::size_t evicted() const noexcept { return evicted_; }

private:
    void evict_youngest();

    const machine_gate& gate_;
    std::vector<attempt*> running_;  // oldest first
    bool recovering_ = false;
    std::size_t evicted_ = 0;
};

}  // namespace twill_command
