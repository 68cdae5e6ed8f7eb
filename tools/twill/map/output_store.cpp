#include "twill/map/output_store.hpp"

#include <twill/core/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace twill_command {
namespace {

// A file without a name, or -1 and errno.
int open_unnamed(const char* directory) {
    constexpr mode_t for_us_only = 0600;
    const int made = ::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, for_us_only);
    // Not every file system has such files.
    if (made >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return made;
    std::string name = std::string(directory) + "/twill-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

off_t offset_of(std::uint32_t block) {
    return static_cast<off_t>(block) * static_cast<off_t>(output_store::block_size);
}

std::string place(const char* directory) { return std::string("an unnamed file in ") + directory; }

}  // namespace

output_store::~output_store() {
    if (file_ >= 0) ::close(file_);
}

std::uint32_t output_store::take_block() {
    if (file_ < 0) {
        const char* chosen = std::getenv("TMPDIR");
        const bool has_chosen = chosen != nullptr && *chosen != '\0';
        // /tmp is memory on many systems.
        directory_ = has_chosen ? chosen : "/var/tmp";
        file_ = open_unnamed(directory_);
        if (file_ < 0 && !has_chosen) file_ = open_unnamed(directory_ = "/tmp");
        if (file_ < 0) throw twill::io_error("keep output in", place(directory_), errno);
    }
    if (free_.empty()) {
        // So that giving back cannot fail.
        free_.reserve(blocks_ + 1);
        return blocks_++;
    }
    const std::uint32_t block = free_.back();
    free_.pop_back();
    return block;
}

void output_store::give_back(std::uint32_t block) noexcept {
    free_.push_back(block);
    if (free_.size() < blocks_) return;
    free_.clear();
    blocks_ = 0;
    // Should it fail, the space is given back when the file is closed.
    static_cast<void>(::ftruncate(file_, 0));
}

void output_store::write(std::uint32_t block, std::span<const std::byte> from) const {
    off_t at = offset_of(block);
    while (!from.empty()) {
        const ssize_t written = ::pwrite(file_, from.data(), from.size(), at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw twill::io_error("keep output in", place(directory_), errno);
        from = from.subspan(static_cast<std::size_t>(written));
        at += written;
    }
}

void output_store::read(std::uint32_t block, std::span<std::byte> into) const {
    off_t at = offset_of(block);
    while (!into.empty()) {
        const ssize_t got = ::pread(file_, into.data(), into.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            throw twill::io_error("read back output from", place(directory_),
                                  got < 0 ? errno : EIO);
        into = into.subspan(static_cast<std::size_t>(got));
        at += got;
    }
}

}  // namespace twill_command
