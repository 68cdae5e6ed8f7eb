// A log that nobody waits for: lines are taken at once, and written together on the blocking pool.
// Lines that come faster than they can be written are dropped, and counted.
#pragma once

#include <twill/async/channel.hpp>
#include <twill/core/task.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace search {

class line_log {
public:
    // `descriptor` stays whose it is; -1: all lines are dropped, silently.
    explicit line_log(int descriptor, std::size_t most_waiting = 4096)
        : descriptor_(descriptor), lines_(most_waiting) {}

    // Takes a line, without its end. Any thread.
    void add(std::string line) noexcept;

    // Writes what comes, until `close`; then what is left.
    [[nodiscard]] twill::task<> run();
    void close() noexcept { lines_.close(); }

    [[nodiscard]] std::uint64_t lost() const noexcept {
        return lost_.load(std::memory_order_relaxed);
    }

private:
    int descriptor_;
    twill::channel<std::string> lines_;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace search
