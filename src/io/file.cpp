#include <twill/core/error.hpp>
#include <twill/io/file.hpp>
#include <twill/runtime/blocking.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>

namespace twill::inline TWILL_ABI {
namespace {

constexpr mode_t made_with = 0666;

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
    }
    return O_RDONLY;
}

const char* verb_of(file_mode mode) noexcept {
    return mode == file_mode::read ? "open" : "open for writing";
}

detail::descriptor open_now(const std::string& path, file_mode mode) {
    detail::descriptor made(::open(path.c_str(), open_flags(mode) | O_CLOEXEC, made_with));
    if (!made) throw io_error(verb_of(mode), path, errno);
    return made;
}

// Repeats `call(done)`, which moves some of what is left, until `size` bytes were moved or it gives
// 0.
template <class Call>
std::size_t move_all(std::size_t size, const char* verb, const std::string& path, Call call) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t moved = call(done);
        if (moved < 0 && errno == EINTR) continue;
        if (moved < 0) throw io_error(verb, path, errno);
        if (moved == 0) break;
        done += static_cast<std::size_t>(moved);
    }
    return done;
}

void write_now(int fd, std::string_view content, const std::string& path) {
    move_all(content.size(), "write to", path, [&](std::size_t done) {
        return ::write(fd, content.data() + done, content.size() - done);
    });
}

std::uint64_t size_now(int fd, const std::string& path) {
    struct stat about{};
    if (::fstat(fd, &about) != 0) throw io_error("ask for the size of", path, errno);
    return static_cast<std::uint64_t>(about.st_size);
}

// Files of /proc say that they are empty: the size is only where to begin.
std::string read_now(const std::string& path) {
    const auto fd = open_now(path, file_mode::read);
    constexpr std::size_t least = 4096;
    std::string content(static_cast<std::size_t>(size_now(fd.get(), path)) + 1, '\0');
    std::size_t have = 0;
    for (;;) {
        have += move_all(content.size() - have, "read", path, [&](std::size_t done) {
            const std::size_t at = have + done;
            return ::read(fd.get(), content.data() + at, content.size() - at);
        });
        if (have < content.size()) break;
        content.resize(content.size() * 2 + least);
    }
    content.resize(have);
    return content;
}

}  // namespace

task<file> file::open(std::string path, file_mode mode) {
    auto made = co_await blocking([&] { return open_now(path, mode); });
    co_return file(std::move(made), std::move(path));
}

task<std::size_t> file::read_at(std::uint64_t offset, std::span<std::byte> into) const {
    co_return co_await blocking([&] {
        return move_all(into.size(), "read", path_, [&](std::size_t done) {
            return ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                           static_cast<off_t>(offset + done));
        });
    });
}

task<> file::write_at(std::uint64_t offset, std::span<const std::byte> from) const {
    co_await blocking([&] {
        move_all(from.size(), "write to", path_, [&](std::size_t done) {
            return ::pwrite(descriptor_.get(), from.data() + done, from.size() - done,
                            static_cast<off_t>(offset + done));
        });
    });
}

task<> file::write_all(std::string_view text) const {
    co_await blocking([&] { write_now(descriptor_.get(), text, path_); });
}

task<std::uint64_t> file::size() const {
    co_return co_await blocking([&] { return size_now(descriptor_.get(), path_); });
}

task<> file::sync() const {
    co_await blocking([&] {
        if (::fsync(descriptor_.get()) != 0) throw io_error("sync", path_, errno);
    });
}

task<std::string> read_file(std::string path) {
    co_return co_await blocking([&] { return read_now(path); });
}

task<> write_file(std::string path, std::string content) {
    co_await blocking([&] {
        const auto fd = open_now(path, file_mode::write);
        write_now(fd.get(), content, path);
    });
}

}  // namespace twill::inline TWILL_ABI
