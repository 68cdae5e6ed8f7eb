// Standard output or standard error, as something that may be slow or broken, and is shared with
// other processes: its flags are not ours to change, so writing may block.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>

namespace twill_command {

class output_stream {
public:
    // `name`: for messages.
    output_stream(int fd, const char* name);
    ~output_stream();
    output_stream(const output_stream&) = delete;
    output_stream& operator=(const output_stream&) = delete;

    // Writes what goes without blocking, a page at most (more to a file); gives
    // how much. Throws io_error (EPIPE: nobody
    // reads any more).
    std::size_t write_at_once(std::span<const std::byte> from) const;

    // Writes all of it, however long it takes, but ends early when `stop` is requested; false then.
    // Blocks: not on an event thread. Throws io_error.
    bool write(std::span<const std::byte> from, const std::stop_token& stop) const;

private:
    [[nodiscard]] bool wait_until_writable(int stop_event) const;
    [[nodiscard]] std::size_t write_step(std::span<const std::byte> from) const;

    int fd_;
    const char* name_;
    std::size_t step_;  // what one write may take
    int stop_event_;
};

}  // namespace twill_command
