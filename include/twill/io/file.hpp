// Files. The kernel makes file I/O wait without asking, so all of it runs on the blocking pool.
//
//     std::string text = co_await twill::read_file("/etc/hosts");
//     co_await twill::write_file("out.txt", text);
//
//     auto log = co_await twill::file::open("log", twill::file_mode::append);
//     co_await log.write_all("started\n");
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/detail/descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI {

enum class file_mode : std::uint8_t {
    read,        // must exist
    write,       // made, or emptied
    append,      // made; every write goes to the end
    read_write,  // made; kept
};

// An open file; closed when it goes. All operations: cancelled while they wait for a thread; once a
// thread has begun, they end. Buffers must stay until then, which awaiting ensures. They throw
// io_error with the path. Thread-safety: any number of operations at a time.
class TWILL_API file {
public:
    [[nodiscard]] static task<file> open(std::string path, file_mode mode = file_mode::read);

    // Reads up to `into.size()` bytes from `offset` on; fewer only at the end of the file.
    [[nodiscard]] task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const;

    // Writes all of `from` at `offset`. A failure may leave part of it written (a full disk does).
    [[nodiscard]] task<> write_at(std::uint64_t offset, std::span<const std::byte> from) const;

    // Writes all of `text` at the file's position: the end, when opened for appending.
    [[nodiscard]] task<> write_all(std::string_view text) const;

    [[nodiscard]] task<std::uint64_t> size() const;

    // Returns when the data is on the disk.
    [[nodiscard]] task<> sync() const;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int native_handle() const noexcept { return descriptor_.get(); }

private:
    file(detail::descriptor descriptor, std::string path) noexcept
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    detail::descriptor descriptor_;
    std::string path_;
};

// The whole of a file. Throws io_error.
[[nodiscard]] TWILL_API task<std::string> read_file(std::string path);

// Replaces the file with `content`, made if need be. Throws io_error; the file may then hold part.
[[nodiscard]] TWILL_API task<> write_file(std::string path, std::string content);

}  // namespace twill::inline TWILL_ABI
