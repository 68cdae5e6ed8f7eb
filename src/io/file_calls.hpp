// What the operations on files are made of: calls that block, for the blocking pool.
#pragma once

#include <twill/core/error.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/file.hpp>
#include <twill/runtime/blocking.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string>

namespace twill::inline TWILL_ABI::detail {

// So much is done before a cancellation is looked for: the hop to the pool and back is nothing
// beside it, and a slow disk needs a tenth of a second or so.
inline constexpr std::size_t file_step = std::size_t{4} << 20U;

// Repeats a call that a signal interrupted. Gives what it returned, or throws with the path.
template <class Call>
auto checked(const char* verb, const std::string& path, Call call) {
    for (;;) {
        const auto result = call();
        if (result >= 0) return result;
        if (errno != EINTR) throw io_error(verb, path, errno);
    }
}

// Writes all of it at the file's position.
inline void write_now(int fd, const std::string& path, std::span<const std::byte> from) {
    while (!from.empty())
        from = from.subspan(static_cast<std::size_t>(
            checked("write to", path, [&] { return ::write(fd, from.data(), from.size()); })));
}

// On the event thread. Repeats `call(done, most)`, which moves at most `most` of what is left and
// gives how many, on the blocking pool, until `size` bytes were moved or it gives 0. Counts in
// `progress`, if it is not null.
template <class Call>
task<std::size_t> move_in_steps(std::size_t size, const char* verb, const std::string& path,
                                std::size_t* progress, Call call) {
    std::size_t unasked = 0;
    std::size_t& done = progress != nullptr ? *progress : unasked;
    done = 0;
    bool is_end = false;
    while (done < size && !is_end) {
        co_await blocking([&] {
            const std::size_t target = done + std::min(size - done, file_step);
            while (done < target && !is_end) {
                const auto moved = static_cast<std::size_t>(
                    checked(verb, path, [&] { return call(done, target - done); }));
                done += moved;
                is_end = moved == 0;
            }
        });
    }
    co_return done;
}

descriptor open_now(const std::string& path, file_mode mode, mode_t permissions);
file_status status_from(const struct stat& about) noexcept;
void sync_folder_now(const std::string& path);

}  // namespace twill::inline TWILL_ABI::detail
