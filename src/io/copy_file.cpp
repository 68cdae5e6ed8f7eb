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
#include <memory>

namespace twill::inline TWILL_ABI {
namespace {

using detail::checked;

// What copy_file_range says where another way works: other file systems, special files (those of
// /proc say that they are empty), old kernels, a sandbox.
bool says_try_otherwise(int error) noexcept {
    return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP ||
           error == EPERM;
}

// Copies up to a step between the files' positions.
class copying {
public:
    copying(const file& from, const file& to) noexcept : from_(from), to_(to) {}

    // Gives how many; 0 at the end.
    std::size_t step() {
        std::size_t done = 0;
        while (done < detail::file_step) {
            const std::size_t got = piece(detail::file_step - done);
            if (got == 0) break;
            done += got;
        }
        return done;
    }

private:
    std::size_t piece(std::size_t most) {
        while (!buffer_) {
            const ssize_t got = ::copy_file_range(from_.native_handle(), nullptr,
                                                  to_.native_handle(), nullptr, most, 0);
            if (got > 0) return static_cast<std::size_t>(got);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0 && !says_try_otherwise(errno))
                throw io_error("copy", from_.path() + " to " + to_.path(), errno);
            // Refused, or 0: the end, but a file of /proc says so at once.
            buffer_ = std::make_unique_for_overwrite<char[]>(size);
        }
        const auto got = static_cast<std::size_t>(checked("read", from_.path(), [&] {
            return ::read(from_.native_handle(), buffer_.get(), std::min(size, most));
        }));
        for (std::size_t done = 0; done < got;)
            done += static_cast<std::size_t>(checked("write to", to_.path(), [&] {
                return ::write(to_.native_handle(), buffer_.get() + done, got - done);
            }));
        return got;
    }

    static constexpr std::size_t size = std::size_t{256} << 10U;
    const file& from_;
    const file& to_;
    std::unique_ptr<char[]> buffer_;  // once the kernel has refused
};

}  // namespace

task<std::uint64_t> copy_file(std::string from, std::string to, copy_file_options options) {
    std::uint64_t unasked = 0;
    std::uint64_t& done = options.progress != nullptr ? *options.progress : unasked;
    done = 0;
    const auto source = co_await file::open(std::move(from));
    const auto about = co_await source.status();
    if (about.kind == file_kind::directory) throw io_error("copy", source.path(), EISDIR);
    auto target = co_await file_replacement::begin(
        std::move(to), {.permissions = about.permissions, .sync = options.sync});
    copying work(source, target.content());
    for (;;) {
        const std::size_t moved = co_await blocking([&] { return work.step(); });
        if (moved == 0) break;
        done += moved;
    }
    co_await target.commit();
    co_return done;
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
