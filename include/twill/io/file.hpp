// Files. The kernel makes file I/O wait without asking, so the event thread does no more than to
// read and write a little (64 KiB) where the kernel says that it need not wait. Cold reads of
// little go through an io_uring where there is one (runtime_options::reactor), and all the rest is
// done by the blocking pool.
//
//     std::string text = co_await twill::read_file("/etc/hosts");
//     co_await twill::write_file("out.txt", text);         // replace_file.hpp: all or nothing
//
//     auto log = co_await twill::file::open("log", twill::file_mode::append);
//     co_await log.write_all("started\n");
//
// All operations: cancelled at once while they wait for a thread; what a thread or the kernel has
// begun, it ends. Reads and writes of much are done in steps of 4 MiB, between which a cancellation
// is seen, and `progress` receives how many bytes were moved, however it ends. Files that make a
// read wait for somebody (a terminal, a FIFO, a dead network disk) hold their thread until it
// comes.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/detail/descriptor.hpp>

#include <sys/types.h>

#include <chrono>
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
    write_new,   // made; must not exist (EEXIST)
};

enum class file_kind : std::uint8_t {
    regular,
    directory,
    link,  // a symbolic one
    fifo,
    socket,
    character_device,
    block_device,
    unknown,
};

// Nanoseconds since 1970.
using file_time = std::chrono::sys_time<duration>;

struct file_status {
    file_kind kind = file_kind::unknown;
    std::uint64_t size = 0;       // in bytes
    std::uint64_t allocated = 0;  // bytes on the disk: less where it has holes
    mode_t permissions = 0;       // 07777 at most
    uid_t owner = 0;
    gid_t group = 0;
    file_time accessed;
    file_time modified;
    file_time changed;  // the status
    // The two of them say which file it is, whatever its names.
    dev_t device = 0;
    ino_t number = 0;
    std::uint64_t names = 0;  // hard links
};

// An open file; closed when it goes. Buffers must stay until an operation has ended, which awaiting
// ensures. All throw io_error with the path. Thread-safety: any number of operations at a time.
class TWILL_API file {
public:
    // `permissions`: of a file that is made; what the process's umask forbids is taken from them.
    [[nodiscard]] static task<file> open(std::string path, file_mode mode = file_mode::read,
                                         mode_t permissions = 0666);

    // Reads up to `into.size()` bytes from `offset` on; fewer only at the end of the file.
    [[nodiscard]] task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into,
                                            std::size_t* progress = nullptr) const;
    // The same into several places, one after the other.
    [[nodiscard]] task<std::size_t> read_at(std::uint64_t offset,
                                            std::span<const std::span<std::byte>> into,
                                            std::size_t* progress = nullptr) const;

    // Writes all of `from` at `offset`. Cancelled, or failed (a full disk): the first `progress`
    // bytes of it are written.
    [[nodiscard]] task<> write_at(std::uint64_t offset, std::span<const std::byte> from,
                                  std::size_t* progress = nullptr) const;
    [[nodiscard]] task<> write_at(std::uint64_t offset,
                                  std::span<const std::span<const std::byte>> from,
                                  std::size_t* progress = nullptr) const;

    // Writes all of it at the file's position: the end, when opened for appending.
    [[nodiscard]] task<> write_all(std::span<const std::byte> from,
                                   std::size_t* progress = nullptr) const;
    [[nodiscard]] task<> write_all(std::string_view text, std::size_t* progress = nullptr) const {
        return write_all(std::as_bytes(std::span(text)), progress);
    }

    [[nodiscard]] task<std::uint64_t> size() const;
    [[nodiscard]] task<file_status> status() const;

    // Makes it so long: cuts off what is beyond, or adds zeros, which take no room on the disk.
    [[nodiscard]] task<> truncate(std::uint64_t size) const;

    // Return when what was written is on the disk; `sync_data` without what is not needed to read
    // it back (times). A failure means that some of it may be lost; trying again does not help. A
    // new file needs `sync_folder` of its folder, too.
    [[nodiscard]] task<> sync() const;
    [[nodiscard]] task<> sync_data() const;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int native_handle() const noexcept { return descriptor_.get(); }

    // For the library.
    file(detail::descriptor descriptor, std::string path) noexcept
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

private:
    detail::descriptor descriptor_;
    std::string path_;
};

// The whole of a file. Throws io_error. Cancelled between steps: what was read is dropped.
[[nodiscard]] TWILL_API task<std::string> read_file(std::string path);

// Replaces what the file holds by `content`; made if need be. Throws io_error. Cancelled between
// steps, or failed: the file holds part of it. (`replace_file` never leaves part.)
[[nodiscard]] TWILL_API task<> write_file(std::string path, std::string content);

// What it is. `link_status_of`: of a symbolic link itself. Throw io_error.
[[nodiscard]] TWILL_API task<file_status> status_of(std::string path);
[[nodiscard]] TWILL_API task<file_status> link_status_of(std::string path);

// Returns when the names in the folder are on the disk: those made, renamed and removed before.
// Throws io_error.
[[nodiscard]] TWILL_API task<> sync_folder(std::string path);

}  // namespace twill::inline TWILL_ABI
