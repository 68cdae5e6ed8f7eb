#include <twill/io/file.hpp>

#include "io/file_calls.hpp"
#include "io/file_transfer.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

namespace detail {
namespace {

int open_flags(file_mode mode) noexcept {
    switch (mode) {
        case file_mode::read:
            return O_RDONLY;
        case file_mode::write:
            return O_WRONLY | O_CREAT | O_TRUNC;
        case file_mode::append:
            return O_WRONLY | O_CREAT | O_APPEND;
        case file_mode::read_write:
            return O_RDWR | O_CREAT;
        case file_mode::write_new:
            return O_WRONLY | O_CREAT | O_EXCL;
    }
    return O_RDONLY;
}

file_kind kind_of(mode_t mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return file_kind::regular;
        case S_IFDIR:
            return file_kind::directory;
        case S_IFLNK:
            return file_kind::link;
        case S_IFIFO:
            return file_kind::fifo;
        case S_IFSOCK:
            return file_kind::socket;
        case S_IFCHR:
            return file_kind::character_device;
        case S_IFBLK:
            return file_kind::block_device;
        default:
            return file_kind::unknown;
    }
}

file_time time_of(const timespec& point) noexcept {
    return file_time(std::chrono::seconds(point.tv_sec) + std::chrono::nanoseconds(point.tv_nsec));
}

}  // namespace

descriptor open_now(const std::string& path, file_mode mode, mode_t permissions) {
    const char* const verb = mode == file_mode::read        ? "open"
                             : mode == file_mode::write_new ? "make"
                                                            : "open for writing";
    return descriptor(checked(verb, path, [&] {
        return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, permissions);
    }));
}

file_status status_from(const struct stat& about) noexcept {
    file_status made;
    made.kind = kind_of(about.st_mode);
    made.size = static_cast<std::uint64_t>(about.st_size);
    made.allocated = static_cast<std::uint64_t>(about.st_blocks) * 512;
    made.permissions = about.st_mode & 07777U;
    made.owner = about.st_uid;
    made.group = about.st_gid;
    made.accessed = time_of(about.st_atim);
    made.modified = time_of(about.st_mtim);
    made.changed = time_of(about.st_ctim);
    made.device = about.st_dev;
    made.number = about.st_ino;
    made.names = about.st_nlink;
    return made;
}

void sync_folder_now(const std::string& path) {
    const descriptor folder(checked(
        "open", path, [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    checked("sync", path, [&] { return ::fsync(folder.get()); });
}

}  // namespace detail

namespace {

using detail::checked;
using detail::move_in_steps;
using detail::parts_left;

// The call that gave less than `most`, and its errno, were for one step at most.
task<std::size_t> write_here(int fd, const std::string& path, std::span<const std::byte> from,
                             std::size_t* progress) {
    return move_in_steps(from.size(), "write to", path, progress,
                         [fd, from](std::size_t done, std::size_t most) {
                             return ::write(fd, from.data() + done, most);
                         });
}

file_status status_now(const std::string& path, int (*which)(const char*, struct stat*)) {
    struct stat about{};
    checked("ask for the status of", path, [&] { return which(path.c_str(), &about); });
    return detail::status_from(about);
}

struct reading {
    detail::descriptor from;
    std::string content;
    std::size_t have = 0;
    bool is_end = false;
};

// Files of /proc say that they are empty: the size is only where to begin.
void begin(reading& one, const std::string& path) {
    one.from = detail::open_now(path, file_mode::read, 0);
    struct stat about{};
    checked("ask for the size of", path, [&] { return ::fstat(one.from.get(), &about); });
    one.content.resize(static_cast<std::size_t>(about.st_size) + 1);
}

void step(reading& one, const std::string& path) {
    constexpr std::size_t least = 4096;
    const std::size_t target = one.have + detail::file_step;
    while (one.have < target) {
        if (one.have == one.content.size()) one.content.resize(one.content.size() * 2 + least);
        const std::size_t room = std::min(one.content.size(), target) - one.have;
        const auto got = checked("read", path, [&] {
            return ::read(one.from.get(), one.content.data() + one.have, room);
        });
        one.have += static_cast<std::size_t>(got);
        one.is_end = got == 0;
        if (one.is_end) return;
    }
}

}  // namespace

task<file> file::open(std::string path, file_mode mode, mode_t permissions) {
    auto made = co_await blocking([&] { return detail::open_now(path, mode, permissions); });
    co_return file(std::move(made), std::move(path));
}

task<std::size_t> file::read_at(std::uint64_t offset, std::span<std::byte> into,
                                std::size_t* progress) const {
    return detail::transfer(file_call::read, native_handle(), path_, offset, parts_left(into),
                            progress);
}

task<std::size_t> file::read_at(std::uint64_t offset, std::span<const std::span<std::byte>> into,
                                std::size_t* progress) const {
    return detail::transfer(file_call::read, native_handle(), path_, offset, parts_left(into),
                            progress);
}

task<> file::write_at(std::uint64_t offset, std::span<const std::byte> from,
                      std::size_t* progress) const {
    co_await detail::transfer(file_call::write, native_handle(), path_, offset, parts_left(from),
                              progress);
}

task<> file::write_at(std::uint64_t offset, std::span<const std::span<const std::byte>> from,
                      std::size_t* progress) const {
    co_await detail::transfer(file_call::write, native_handle(), path_, offset, parts_left(from),
                              progress);
}

task<> file::write_all(std::span<const std::byte> from, std::size_t* progress) const {
    co_await write_here(native_handle(), path_, from, progress);
}

task<file_status> file::status() const {
    co_return co_await blocking([&] {
        struct stat about{};
        checked("ask for the status of", path_, [&] { return ::fstat(native_handle(), &about); });
        return detail::status_from(about);
    });
}

task<std::uint64_t> file::size() const { co_return (co_await status()).size; }

task<> file::truncate(std::uint64_t size) const {
    co_await blocking([&] {
        checked("truncate", path_,
                [&] { return ::ftruncate(native_handle(), static_cast<off_t>(size)); });
    });
}

task<> file::sync() const { return detail::sync(file_call::sync, native_handle(), path_); }
task<> file::sync_data() const {
    return detail::sync(file_call::sync_data, native_handle(), path_);
}

task<std::string> read_file(std::string path) {
    reading one;
    co_await blocking([&] {
        begin(one, path);
        step(one, path);
    });
    while (!one.is_end) co_await blocking([&] { step(one, path); });
    one.content.resize(one.have);
    co_return std::move(one.content);
}

task<> write_file(std::string path, std::string content) {
    detail::descriptor to;
    const auto bytes = std::as_bytes(std::span(content));
    const std::size_t first = std::min(bytes.size(), detail::file_step);
    // A small one in one go.
    co_await blocking([&] {
        to = detail::open_now(path, file_mode::write, 0666);
        detail::write_now(to.get(), path, bytes.first(first));
    });
    co_await write_here(to.get(), path, bytes.subspan(first), nullptr);
}

task<file_status> status_of(std::string path) {
    co_return co_await blocking([&] { return status_now(path, &::stat); });
}
task<file_status> link_status_of(std::string path) {
    co_return co_await blocking([&] { return status_now(path, &::lstat); });
}

task<> sync_folder(std::string path) {
    co_await blocking([&] { detail::sync_folder_now(path); });
}

}  // namespace twill::inline TWILL_ABI
