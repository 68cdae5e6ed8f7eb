#include "io/file_transfer.hpp"

#include "io/file_calls.hpp"

#include <limits.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

// What the event thread may copy in one go: so much takes it 10 us or so.
constexpr std::size_t at_once_most = std::size_t{64} << 10U;

ssize_t call_now(file_call call, int fd, std::span<const iovec> parts, std::uint64_t offset,
                 int flags) noexcept {
    const int count = static_cast<int>(parts.size());
    const auto at = static_cast<off_t>(offset);
    return call == file_call::read ? ::preadv2(fd, parts.data(), count, at, flags)
                                   : ::pwritev2(fd, parts.data(), count, at, flags);
}

ssize_t call_now(file_call call, int fd, std::span<const iovec> parts,
                 std::uint64_t offset) noexcept {
    const int count = static_cast<int>(parts.size());
    const auto at = static_cast<off_t>(offset);
    return call == file_call::read ? ::preadv(fd, parts.data(), count, at)
                                   : ::pwritev(fd, parts.data(), count, at);
}

// A call that never waits. An operation all the same: so a cancellation is seen before it, and a
// task that always finds its data in memory takes turns with the others.
class transfer_at_once final : public operation {
public:
    transfer_at_once(file_call call, int fd, std::span<const iovec> parts,
                     std::uint64_t offset) noexcept
        : operation(call == file_call::read ? "read file" : "write file"),
          parts_(parts),
          offset_(offset),
          fd_(fd),
          call_(call) {}
    // Or -errno.
    ssize_t await_resume() const {
        throw_if_refused();
        return result_;
    }

private:
    bool start() noexcept override {
        result_ = call_now(call_, fd_, parts_, offset_, RWF_NOWAIT);
        if (result_ < 0) result_ = -errno;
        return true;
    }
    // It is complete when it has started.
    void cancel() noexcept override {}

    std::span<const iovec> parts_;
    std::uint64_t offset_;
    ssize_t result_ = 0;
    int fd_;
    file_call call_;
};

class transfer_by_reactor final : public file_request {
public:
    transfer_by_reactor(file_call call, int fd, std::span<const iovec> parts,
                        std::uint64_t offset) noexcept
        : file_request(call == file_call::read ? "read file" : "write file", call, fd, parts.data(),
                       static_cast<unsigned>(parts.size()), offset) {}
    // Or -errno; nothing when it is undone.
    std::optional<ssize_t> await_resume() const {
        throw_if_cancelled();
        if (undone) return std::nullopt;
        return result;
    }
};

class sync_by_reactor final : public file_request {
public:
    sync_by_reactor(file_call call, int fd) noexcept : file_request("sync", call, fd) {}
    std::optional<ssize_t> await_resume() const {
        throw_if_cancelled();
        if (undone) return std::nullopt;
        return result;
    }
};

}  // namespace

std::span<const iovec> parts_left::next(std::size_t most) noexcept {
    if (several_.empty()) {
        only_.iov_len = std::min(size_, most);
        return {&only_, 1};
    }
    const auto all = std::span<const iovec>(several_).subspan(first_);
    if (all.front().iov_len >= most) {
        only_ = {all.front().iov_base, most};
        return {&only_, 1};
    }
    std::size_t count = 0;
    std::size_t sum = 0;
    while (count < all.size() && count < IOV_MAX && sum + all[count].iov_len <= most)
        sum += all[count++].iov_len;
    return all.first(count);
}

void parts_left::moved(std::size_t bytes) noexcept {
    size_ -= bytes;
    if (several_.empty()) {
        only_.iov_base = static_cast<std::byte*>(only_.iov_base) + bytes;
        return;
    }
    while (first_ < several_.size() && bytes >= several_[first_].iov_len)
        bytes -= several_[first_++].iov_len;
    if (bytes == 0) return;
    several_[first_].iov_base = static_cast<std::byte*>(several_[first_].iov_base) + bytes;
    several_[first_].iov_len -= bytes;
}

task<std::size_t> transfer(file_call call, int fd, const std::string& path, std::uint64_t offset,
                           parts_left parts, std::size_t* progress) {
    const char* const verb = call == file_call::read ? "read" : "write to";
    std::size_t unasked = 0;
    std::size_t& done = progress != nullptr ? *progress : unasked;
    done = 0;
    const auto count = [&](ssize_t moved) {
        parts.moved(static_cast<std::size_t>(moved));
        done += static_cast<std::size_t>(moved);
        return moved != 0;
    };
    // Errors of the first two ways are not believed: the third one makes the same call again.
    for (bool goes_on = true; goes_on && parts.size() != 0;) {
        const bool is_little = parts.size() <= at_once_most;
        ssize_t moved = -EFBIG;
        if (is_little)
            moved = co_await transfer_at_once(call, fd, parts.next(at_once_most), offset + done);
        // A file that is never read at once (tmpfs) is read by threads of the kernel's: no better
        // than those of the pool. Most are never written at once.
        if (moved == -EAGAIN || (moved == -EOPNOTSUPP && call == file_call::write)) {
            transfer_by_reactor whole(call, fd, parts.next(at_once_most), offset + done);
            moved = (co_await whole).value_or(-EAGAIN);
        }
        if (moved >= 0) {
            goes_on = count(moved);
            continue;
        }
        goes_on = co_await blocking([&] {
            const std::size_t target = done + std::min(parts.size(), file_step);
            bool more = true;
            while (more && done < target)
                more = count(checked(verb, path, [&] {
                    return call_now(call, fd, parts.next(target - done), offset + done);
                }));
            return more;
        });
    }
    co_return done;
}

task<> sync(file_call call, int fd, const std::string& path) {
    sync_by_reactor one(call, fd);
    if (const auto result = co_await one) {
        if (*result < 0) throw io_error("sync", path, static_cast<int>(-*result));
        co_return;
    }
    co_await blocking([&] {
        checked("sync", path,
                [&] { return call == file_call::sync ? ::fsync(fd) : ::fdatasync(fd); });
    });
}

}  // namespace twill::inline TWILL_ABI::detail
