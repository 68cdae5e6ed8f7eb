// The awaitable behind the ends of a duplex.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/context.hpp>
#include <twill/io/detail/stream_operations.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace twill::inline TWILL_ABI::detail {

class duplex_link;

// Which of the two ends, and the wire that it writes to.
enum class duplex_side : std::uint8_t { first, second };
enum class duplex_way : bool { read, write };

class TWILL_API duplex_operation final : public operation {
public:
    // `link`: null when the end is closed.
    duplex_operation(duplex_link* link, duplex_side side, duplex_way way,
                     std::span<std::byte> bytes, extent much, std::size_t* progress) noexcept
        : operation(way == duplex_way::read ? "read" : "write"),
          link_(link),
          bytes_(bytes),
          progress_(progress),
          side_(side),
          way_(way),
          much_(much) {}
    [[nodiscard]] bool waits_for_others() const noexcept override { return true; }
    std::size_t await_resume() const;

private:
    friend class duplex_link;
    bool start() noexcept override;
    void cancel() noexcept override;

    [[nodiscard]] std::span<std::byte> left() const noexcept { return bytes_.subspan(moved_); }

    duplex_link* link_;
    std::span<std::byte> bytes_;
    std::size_t* progress_;
    // Guarded by the link's lock until it has ended.
    std::size_t moved_ = 0;
    int error_ = 0;
    bool told_ = false;  // to end early
    bool cut_ = false;   // and did
    duplex_side side_;
    duplex_way way_;
    extent much_;
};

struct [[nodiscard("nothing is moved until it is awaited")]] duplex_call {
    duplex_link* link;
    duplex_side side;
    duplex_way way;
    std::span<std::byte> bytes;
    extent much;
    std::size_t* progress;
    duplex_operation operator co_await() const noexcept {
        return {link, side, way, bytes, much, progress};
    }
};

}  // namespace twill::inline TWILL_ABI::detail
