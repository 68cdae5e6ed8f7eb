#include <twill/io/directory.hpp>

#include "io/file_calls.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

class open_folder {
public:
    // Empty, with errno set, when it cannot be opened.
    open_folder(std::string path, unsigned depth) noexcept : path_(std::move(path)), depth_(depth) {
        // A folder may have become a link since its entry was read; only the root may be one.
        const int no_link = depth == 0 ? 0 : O_NOFOLLOW;
        descriptor made(
            ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | no_link));
        if (!made) return;
        stream_ = ::fdopendir(made.get());
        if (stream_ != nullptr) static_cast<void>(made.release());
    }
    ~open_folder() {
        if (stream_ != nullptr) ::closedir(stream_);
    }
    open_folder(const open_folder&) = delete;
    open_folder& operator=(const open_folder&) = delete;

    [[nodiscard]] bool is_open() const noexcept { return stream_ != nullptr; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] unsigned depth() const noexcept { return depth_; }

    // The next entry; null at the end, or, with errno set, when it cannot be read.
    const dirent* read() noexcept {
        for (;;) {
            errno = 0;
            const dirent* const found = ::readdir(stream_);
            if (found == nullptr) return nullptr;
            const std::string_view name(found->d_name);
            if (name != "." && name != "..") return found;
        }
    }
    bool status(const char* name, struct stat& about) const noexcept {
        return ::fstatat(::dirfd(stream_), name, &about, AT_SYMLINK_NOFOLLOW) == 0;
    }

private:
    std::string path_;
    unsigned depth_;
    DIR* stream_ = nullptr;
};

}  // namespace detail

namespace {

file_kind kind_of(unsigned char type) noexcept {
    switch (type) {
        case DT_REG:
            return file_kind::regular;
        case DT_DIR:
            return file_kind::directory;
        case DT_LNK:
            return file_kind::link;
        case DT_FIFO:
            return file_kind::fifo;
        case DT_SOCK:
            return file_kind::socket;
        case DT_CHR:
            return file_kind::character_device;
        case DT_BLK:
            return file_kind::block_device;
        default:
            return file_kind::unknown;
    }
}

directory_entry entry_of(const detail::open_folder& in, const dirent& found, bool with_status) {
    directory_entry made;
    made.path = in.path();
    if (!made.path.ends_with('/')) made.path += '/';
    made.path += found.d_name;
    made.depth = in.depth() + 1;
    made.kind = kind_of(found.d_type);
    // Some file systems do not say what it is.
    if (!with_status && made.kind != file_kind::unknown) return made;
    struct stat about{};
    if (!in.status(found.d_name, about)) {
        made.error = std::error_code(errno, std::generic_category());
        return made;
    }
    const file_status status = detail::status_from(about);
    made.kind = status.kind;
    if (with_status) made.status = status;
    return made;
}

directory_entry unreadable(const std::string& path, unsigned depth, int why) {
    directory_entry made;
    made.path = path;
    made.kind = file_kind::directory;
    made.depth = depth;
    made.error = std::error_code(why, std::generic_category());
    return made;
}

}  // namespace

directory_walker::directory_walker(std::string root, walk_options options) : options_(options) {
    to_read_.push_back({std::move(root), 0});
}
directory_walker::directory_walker(directory_walker&&) noexcept = default;
directory_walker& directory_walker::operator=(directory_walker&&) noexcept = default;
directory_walker::~directory_walker() = default;

// On the blocking pool: fills the batch, unless all has been read.
void directory_walker::read_batch() {
    constexpr std::size_t most = 256;
    while (batch_.empty() && (open_ || !to_read_.empty())) {
        if (!open_) {
            const folder next = std::move(to_read_.back());
            to_read_.pop_back();
            auto opened = std::make_unique<detail::open_folder>(next.path, next.depth);
            const int why = errno;
            if (!opened->is_open() && next.depth == 0) throw io_error("open", next.path, why);
            if (!opened->is_open()) {
                batch_.push_back(unreadable(next.path, next.depth, why));
                return;
            }
            open_ = std::move(opened);
        }
        while (batch_.size() < most) {
            const dirent* const found = open_->read();
            if (found == nullptr) {
                const int why = errno;
                if (why != 0) batch_.push_back(unreadable(open_->path(), open_->depth(), why));
                open_.reset();
                break;
            }
            batch_.push_back(entry_of(*open_, *found, options_.status));
        }
    }
}

task<std::optional<directory_entry>> directory_walker::next() {
    can_skip_ = false;
    if (batch_.empty() && (open_ || !to_read_.empty())) co_await blocking([&] { read_batch(); });
    if (batch_.empty()) co_return std::nullopt;
    directory_entry one = std::move(batch_.front());
    batch_.pop_front();
    if (one.kind == file_kind::directory && !one.error && one.depth < options_.max_depth) {
        to_read_.push_back({one.path, one.depth});
        can_skip_ = true;
    }
    co_return one;
}

void directory_walker::skip() noexcept {
    if (std::exchange(can_skip_, false)) to_read_.pop_back();
}

}  // namespace twill::inline TWILL_ABI
