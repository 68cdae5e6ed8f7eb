// Copies of files, made by the kernel: to another file, and to a socket.
//
//     co_await twill::copy_file("a.bin", "b.bin");
//     co_await twill::send_file(connection, page, 0, size);
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/file.hpp>
#include <twill/io/socket_stream.hpp>

#include <cstdint>
#include <string>

namespace twill::inline TWILL_ABI {

struct copy_file_options {
    // Whether it is on the disk when `copy_file` returns; see replace_options.
    bool sync = false;
    // Receives how many bytes were copied, while it runs and however it ends.
    std::uint64_t* progress = nullptr;
};

// Copies a file with its permissions; gives how many bytes. What was at `to` is replaced at the
// end, by all of it or not at all (see replace_file.hpp). Of files above 64 KiB the kernel copies,
// without moving the bytes through the program: where the file system can share the blocks, none
// are moved. A step of 4 MiB is made in one go, with all that belongs to it. Cancelled before or
// between steps, or failed: `to` is as it was. Throws io_error.
[[nodiscard]] TWILL_API task<std::uint64_t> copy_file(std::string from, std::string to,
                                                      copy_file_options options = {});

// Sends `count` bytes of `from`, from `offset` on, or fewer if the file ends before; gives how
// many. Suspends while the socket takes none; between two suspensions a thread of the blocking pool
// sends, so a cold file holds up nobody. Cancelled, or failed (as write_all): the first `progress`
// bytes were sent. One task at a time writes to the socket, as always.
[[nodiscard]] TWILL_API task<std::uint64_t> send_file(socket_stream& to, const file& from,
                                                      std::uint64_t offset, std::uint64_t count,
                                                      std::uint64_t* progress = nullptr);

}  // namespace twill::inline TWILL_ABI
