// Moves bytes between memory and a place in a file.
//
//     const std::size_t got = co_await detail::transfer(file_call::read, fd, path, offset,
//                                                       detail::parts_left(buffer), nullptr);
//
// Little is tried at once, on the event thread, with RWF_NOWAIT: the kernel refuses where it would
// have to wait. Then the reactor is asked, which may have a ring; and what that does not do, and
// whatever is much, a thread of the blocking pool does. docs/files.md has the figures.
#pragma once

#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>

#include <sys/types.h>
#include <sys/uio.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::detail {

// What is left of one or several places in memory once some bytes were moved.
class parts_left {
public:
    template <class Byte>
    explicit parts_left(std::span<Byte> one) : size_(one.size()), only_(part_of(one)) {}
    template <class Byte>
    explicit parts_left(std::span<const std::span<Byte>> several) {
        several_.reserve(several.size());
        for (const auto& each : several) {
            several_.push_back(part_of(each));
            size_ += each.size();
        }
    }

    // How many bytes.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    // The next places, of at most `most` bytes, and as many as the kernel takes in one call. Valid
    // until the next call of a member.
    [[nodiscard]] std::span<const iovec> next(std::size_t most) noexcept;
    void moved(std::size_t bytes) noexcept;

private:
    static iovec part_of(std::span<const std::byte> place) noexcept {
        return {const_cast<std::byte*>(place.data()), place.size()};
    }

    std::size_t size_ = 0;
    std::vector<iovec> several_;
    std::size_t first_ = 0;
    iovec only_{};  // unless there are several; then the part that is cut off
};

// Until all of it was moved or the file ends; gives how much. `progress`, if it is not null,
// receives that also when it throws: `cancelled`, or io_error. `path` must stay.
[[nodiscard]] task<std::size_t> transfer(file_call call, int fd, const std::string& path,
                                         std::uint64_t offset, parts_left parts,
                                         std::size_t* progress);

// fsync, or fdatasync. `path` must stay.
[[nodiscard]] task<> sync(file_call call, int fd, const std::string& path);

}  // namespace twill::inline TWILL_ABI::detail
