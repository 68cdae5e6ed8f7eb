#include <twill/core/finally.hpp>
#include <twill/core/shield.hpp>
#include <twill/io/copy_file.hpp>
#include <twill/io/detail/send_file.hpp>
#include <twill/io/replace_file.hpp>

#include "io/file_calls.hpp"
#include "io/readiness.hpp"
#include "reactor/without_sigpipe.hpp"

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

using detail::checked;

// What copy_file_range says where another way works: other file systems, special files (those of
// /proc say that they are empty), old kernels, a sandbox.
bool says_try_otherwise(int error) noexcept {
    return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP ||
           error == EPERM;
}

}  // namespace

// For the blocking pool. A small file is opened, copied and put in its place by one step: going to
// the pool and back takes as long as the calls of one.
class detail::file_copying {
public:
    file_copying(std::string from, std::string to, bool sync) noexcept
        : from_(std::move(from)), to_(std::move(to)), sync_(sync) {}

    // False: that was the last one.
    bool step() {
        if (!source_) begin();
        const std::uint64_t target = copied_ + file_step;
        while (copied_ < target) {
            const std::size_t got = piece(static_cast<std::size_t>(target - copied_));
            if (got == 0) {
                target_->commit_now();
                drop();
                return false;
            }
            copied_ += got;
        }
        return true;
    }

    // Closes both; a copy that was not put in its place goes. May wait for a server, or long.
    void drop() noexcept {
        target_.reset();
        source_ = descriptor();
    }
    [[nodiscard]] bool has_begun() const noexcept { return bool(source_); }

    // How many bytes.
    [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }

private:
    void begin() {
        source_ = open_now(from_, file_mode::read, 0);
        struct stat about{};
        checked("ask for the status of", from_, [&] { return ::fstat(source_.get(), &about); });
        if (S_ISDIR(about.st_mode)) throw io_error("copy", from_, EISDIR);
        size_ = static_cast<std::uint64_t>(about.st_size);
        by_kernel_ = size_ > small;
        target_ = file_replacement::begin_now(
            to_, {.permissions = about.st_mode & 07777U, .sync = sync_});
    }

    // Up to `most` bytes between the files' positions; gives how many, 0 at the end.
    std::size_t piece(std::size_t most) {
        while (by_kernel_) {
            const ssize_t got =
                ::copy_file_range(source_.get(), nullptr, target_handle(), nullptr, most, 0);
            if (got > 0) return static_cast<std::size_t>(got);
            if (got == 0 && copied_ >= size_) return 0;
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && !says_try_otherwise(errno))
                throw io_error("copy", from_ + " to " + to_, errno);
            // Refused, or an end that comes too early to be believed.
            by_kernel_ = false;
        }
        return piece_by_hand(most);
    }

    std::size_t piece_by_hand(std::size_t most) {
        char buffer[small];
        const auto got = static_cast<std::size_t>(checked("read", from_, [&] {
            return ::read(source_.get(), buffer, std::min(sizeof buffer, most));
        }));
        write_now(target_handle(), target_->content().path(),
                  std::as_bytes(std::span(buffer)).first(got));
        return got;
    }

    [[nodiscard]] int target_handle() const noexcept { return target_->content().native_handle(); }

    // Up to here two calls and a buffer are faster than the kernel's way, which lays a pipe.
    static constexpr std::size_t small = std::size_t{64} << 10U;

    std::string from_;
    std::string to_;
    bool sync_;
    bool by_kernel_ = false;
    descriptor source_;
    std::optional<file_replacement> target_;
    std::uint64_t size_ = 0;  // as `from` said; files of /proc say that they are empty
    std::uint64_t copied_ = 0;
};

namespace {

task<> drop(detail::file_copying* what) {
    co_await blocking([&] { what->drop(); });
}

}  // namespace

task<std::uint64_t> copy_file(std::string from, std::string to, copy_file_options options) {
    std::uint64_t unasked = 0;
    std::uint64_t& done = options.progress != nullptr ? *options.progress : unasked;
    done = 0;
    detail::file_copying work(std::move(from), std::move(to), options.sync);
    std::exception_ptr failure;
    try {
        for (bool goes_on = true; goes_on; done = work.copied())
            goes_on = co_await blocking([&] { return work.step(); });
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return done;
    done = work.copied();
    // A file that goes may have to give back gigabytes.
    try {
        if (work.has_begun()) co_await shield(drop(&work), default_cleanup_limit);
    } catch (...) {
        // There is no thread for it: it goes with `work`.
    }
    std::rethrow_exception(failure);
}

task<std::uint64_t> detail::file_sending::some(byte_stream& to, const file& from,
                                               std::uint64_t offset, std::uint64_t most) {
    // As much as the socket takes, but not for ever.
    const std::uint64_t target = std::min<std::uint64_t>(most, file_step);
    for (std::uint64_t done = 0;;) {
        // True: it takes no more.
        const bool is_full = co_await blocking([&] {
            while (done < target) {
                auto at = static_cast<off_t>(offset + done);
                const ssize_t sent = without_sigpipe([&] {
                    return ::sendfile(to.native_handle(), from.native_handle(), &at,
                                      static_cast<std::size_t>(target - done));
                });
                if (sent < 0 && errno == EINTR) continue;
                if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
                // An error after some were sent is told by the next call.
                if (sent < 0 && done == 0) throw io_error("send", from.path(), errno);
                if (sent <= 0) break;
                done += static_cast<std::uint64_t>(sent);
            }
            return false;
        });
        if (done != 0 || !is_full) co_return done;
        until_writable ready("send a file", to.source());
        co_await ready;
    }
}

task<std::uint64_t> send_file(socket_stream& to, const file& from, std::uint64_t offset,
                              std::uint64_t count, std::uint64_t* progress) {
    std::uint64_t unasked = 0;
    std::uint64_t& done = progress != nullptr ? *progress : unasked;
    done = 0;
    while (done < count) {
        const auto sent =
            co_await detail::file_sending::some(to, from, offset + done, count - done);
        if (sent == 0) break;
        done += sent;
    }
    co_return done;
}

}  // namespace twill::inline TWILL_ABI
