// The line at the bottom of the terminal that says how far it is. Shown only where standard error
// is one.
#pragma once

#include <twill/core/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace twill_command {

// What keeps another job from being started.
enum class limiter : std::uint8_t {
    nothing,
    inputs,
    output,
    jobs,
    delay,
    load,
    memory,
    stall,  // somebody waits for memory
    processes,
    quota,
    count  // of these
};

struct job_counts {
    std::size_t skipped = 0;  // done by earlier runs
    std::size_t started = 0;  // or failed before
    std::size_t done = 0;     // of them
    std::size_t running = 0;  // processes
    std::size_t failed = 0;
    std::size_t allowed = 0;  // to run at a time; 0: not known
    limiter limited_by = limiter::nothing;
    // Of the time of those that ended lately, with waiting for one; below 0: not known.
    double share_on_cpu = -1;
    [[nodiscard]] std::size_t ended() const noexcept { return done + skipped; }
};

// "[#####.....] 50% 10 of 20, 1 failed, 2 running of 4 allowed, limited by: waiting on I/O", at
// most `width` columns.
std::string progress_line(const job_counts& counts, std::optional<std::size_t> total,
                          std::size_t width);

class progress {
public:
    // `counts` is looked at when drawing. `total`: where it is known.
    progress(const job_counts& counts, std::optional<std::size_t> total) noexcept;

    [[nodiscard]] bool is_shown() const noexcept { return is_shown_; }

    // Takes the line away, before something else is written to the terminal.
    void hide();
    // The same, and none is drawn for as long as this lives.
    class interlude {
    public:
        explicit interlude(progress& line) : line_(line) {
            line_.hide();
            line_.is_drawing_ = false;
        }
        ~interlude() { line_.is_drawing_ = true; }
        interlude(const interlude&) = delete;
        interlude& operator=(const interlude&) = delete;

    private:
        progress& line_;
    };
    // The latest byte that was written to standard output, or to standard error (then `is_error`).
    // Over a line that has not ended, none is drawn: it would be taken away with it.
    void note_written(std::byte last, bool is_error) noexcept {
        if (is_error || shows_output_) at_line_start_ = last == std::byte{'\n'};
    }

    // Draws ten times a second what has changed; until cancelled.
    twill::task<> keep_drawn();

private:
    void draw();

    const job_counts& counts_;
    std::optional<std::size_t> total_;
    bool is_shown_;
    bool shows_output_;  // the terminal gets standard output, too
    bool is_drawing_ = true;
    bool at_line_start_ = true;
    std::string drawn_;
};

}  // namespace twill_command
