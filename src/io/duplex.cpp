// Both directions share one lock, which is held while bytes are copied: this is for tests, where
// one protocol that is easy to see through is worth more than speed.
//
// An operation that cannot end at once is left with its wire. Whoever changes something (writes,
// reads, closes, resets) moves what can be moved, under the lock, and completes what has ended when
// it has let the lock go; an operation that has left its wire is completed by nobody else.
#include <twill/core/error.hpp>
#include <twill/core/futex_mutex.hpp>
#include <twill/io/duplex.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>

namespace twill::inline TWILL_ABI {
namespace {

constexpr std::size_t no_limit = SIZE_MAX;
constexpr const char* name = "an end of a duplex";

// The sizes of the pieces in turn.
class pieces {
public:
    void set(std::vector<std::size_t> sizes) noexcept {
        sizes_ = std::move(sizes);
        next_ = 0;
    }
    [[nodiscard]] std::size_t next() const noexcept {
        return sizes_.empty() ? no_limit : sizes_[next_];
    }
    void used() noexcept {
        if (!sizes_.empty()) next_ = (next_ + 1) % sizes_.size();
    }

private:
    std::vector<std::size_t> sizes_;
    std::size_t next_ = 0;
};

// Bytes on their way, first in, first out.
class ring {
public:
    explicit ring(std::size_t capacity) : bytes_(capacity) {}
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t room() const noexcept { return bytes_.size() - size_; }

    void put(std::span<const std::byte> from) noexcept {
        const std::size_t at = (head_ + size_) % bytes_.size();
        const std::size_t first = std::min(from.size(), bytes_.size() - at);
        std::ranges::copy(from.first(first), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
        std::ranges::copy(from.subspan(first), bytes_.begin());
        size_ += from.size();
    }
    void take(std::span<std::byte> into) noexcept {
        const std::span all(bytes_);
        const std::size_t first = std::min(into.size(), all.size() - head_);
        std::ranges::copy(all.subspan(head_, first), into.begin());
        std::ranges::copy(all.first(into.size() - first), into.subspan(first).begin());
        head_ = (head_ + into.size()) % all.size();
        size_ -= into.size();
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace

namespace detail {

class duplex_link {
public:
    explicit duplex_link(std::size_t capacity) : wires_{wire(capacity), wire(capacity)} {}

    // True: it has ended.
    bool begin(duplex_operation& op) noexcept;
    void cut(duplex_operation& op) noexcept;

    void end_writing(duplex_side side) noexcept;
    void close(duplex_side side, bool reset) noexcept;
    enum class break_kind : bool { reset, end };
    void break_after(duplex_side side, std::size_t bytes, break_kind how) noexcept;
    void split(duplex_side side, duplex_way way, std::vector<std::size_t> sizes) noexcept;

private:
    // One direction.
    struct wire {
        explicit wire(std::size_t capacity) : bytes(capacity) {}
        ring bytes;
        bool ended = false;        // nothing more is written
        bool reader_gone = false;  // nothing more is read
        bool vanishes = false;     // what is written is dropped
        std::size_t until_break = no_limit;
        break_kind then = break_kind::reset;
        pieces read_sizes;
        pieces write_sizes;
        duplex_operation* reader = nullptr;
        duplex_operation* writer = nullptr;
    };

    // Those that have ended in one call, to be completed without the lock.
    class ended_operations {
    public:
        void add(duplex_operation& op) noexcept { all_[count_++] = &op; }
        // True: `own` was among them, which is not completed.
        bool complete(const duplex_operation* own = nullptr) noexcept {
            bool own_ended = false;
            for (duplex_operation* each : std::span(all_).first(count_)) {
                if (each == own)
                    own_ended = true;
                else
                    each->complete();
            }
            return own_ended;
        }

    private:
        std::array<duplex_operation*, 4> all_{};
        std::size_t count_ = 0;
    };

    // The wire that `side` writes to, and the one that it reads from.
    wire& from(duplex_side side) noexcept { return wires_[static_cast<std::size_t>(side)]; }
    wire& to(duplex_side side) noexcept { return wires_[1 - static_cast<std::size_t>(side)]; }
    wire& wire_of(const duplex_operation& op) noexcept {
        return op.way_ == duplex_way::write ? from(op.side_) : to(op.side_);
    }
    duplex_operation*& place_of(const duplex_operation& op) noexcept {
        wire& its = wire_of(op);
        return op.way_ == duplex_way::write ? its.writer : its.reader;
    }

    enum class step : std::uint8_t { nothing, moved, ended };
    step read_step(wire& its, duplex_operation& op) noexcept;
    step write_step(wire& its, duplex_operation& op) noexcept;
    void moved(wire& its, std::size_t bytes) noexcept;
    void settle(ended_operations& ended) noexcept;

    futex_mutex lock_;
    bool reset_ = false;
    std::array<wire, 2> wires_;
};

duplex_link::step duplex_link::read_step(wire& its, duplex_operation& op) noexcept {
    const std::size_t most = std::min({op.left().size(), its.bytes.size(), its.read_sizes.next()});
    if (most == 0 && !op.left().empty()) {
        if (reset_)
            op.error_ = ECONNRESET;
        else if (!its.ended)
            return step::nothing;
        return step::ended;
    }
    its.bytes.take(op.left().first(most));
    op.moved_ += most;
    its.read_sizes.used();
    return op.much_ == extent::some || op.left().empty() ? step::ended : step::moved;
}

duplex_link::step duplex_link::write_step(wire& its, duplex_operation& op) noexcept {
    if (op.left().empty()) return step::ended;
    if (reset_ || its.reader_gone) {
        op.error_ = reset_ ? ECONNRESET : EPIPE;
        return step::ended;
    }
    if (its.vanishes) {
        op.moved_ = op.bytes_.size();
        return step::ended;
    }
    if (its.ended) {
        op.error_ = EPIPE;
        return step::ended;
    }
    const std::size_t most =
        std::min({op.left().size(), its.bytes.room(), its.write_sizes.next(), its.until_break});
    if (most == 0) return step::nothing;
    its.bytes.put(op.left().first(most));
    op.moved_ += most;
    its.write_sizes.used();
    moved(its, most);
    return op.much_ == extent::some || op.left().empty() ? step::ended : step::moved;
}

// Counts what was written, and breaks the wire where it is to break.
void duplex_link::moved(wire& its, std::size_t bytes) noexcept {
    if (its.until_break == no_limit) return;
    its.until_break -= bytes;
    if (its.until_break != 0) return;
    its.until_break = no_limit;
    if (its.then == break_kind::reset)
        reset_ = true;
    else
        its.ended = its.vanishes = true;
}

// Moves what can be moved. An operation that has ended leaves its wire.
void duplex_link::settle(ended_operations& ended) noexcept {
    for (bool again = true; again;) {
        again = false;
        for (wire& each : wires_) {
            for (duplex_operation** place : {&each.writer, &each.reader}) {
                if (*place == nullptr) continue;
                const step made =
                    place == &each.writer ? write_step(each, **place) : read_step(each, **place);
                if (made == step::nothing) continue;
                again = true;
                if (made == step::ended) ended.add(*std::exchange(*place, nullptr));
            }
        }
    }
}

bool duplex_link::begin(duplex_operation& op) noexcept {
    ended_operations ended;
    {
        std::lock_guard hold(lock_);
        if (op.told_) {
            op.cut_ = true;
            return true;
        }
        duplex_operation*& place = place_of(op);
        if (place != nullptr) {
            op.error_ = EBUSY;
            return true;
        }
        place = &op;
        settle(ended);
    }
    return ended.complete(&op);
}

void duplex_link::cut(duplex_operation& op) noexcept {
    {
        std::lock_guard hold(lock_);
        op.told_ = true;
        duplex_operation*& place = place_of(op);
        if (place != &op) return;
        place = nullptr;
        op.cut_ = true;
    }
    op.complete();
}

void duplex_link::end_writing(duplex_side side) noexcept {
    ended_operations ended;
    {
        std::lock_guard hold(lock_);
        from(side).ended = true;
        settle(ended);
    }
    ended.complete();
}

void duplex_link::close(duplex_side side, bool reset) noexcept {
    ended_operations ended;
    {
        std::lock_guard hold(lock_);
        from(side).ended = true;
        to(side).reader_gone = true;
        reset_ = reset_ || reset;
        settle(ended);
    }
    ended.complete();
}

void duplex_link::break_after(duplex_side side, std::size_t bytes, break_kind how) noexcept {
    ended_operations ended;
    {
        std::lock_guard hold(lock_);
        wire& its = from(side);
        its.until_break = bytes;
        its.then = how;
        moved(its, 0);
        settle(ended);
    }
    ended.complete();
}

void duplex_link::split(duplex_side side, duplex_way way, std::vector<std::size_t> sizes) noexcept {
    std::lock_guard hold(lock_);
    if (way == duplex_way::write)
        from(side).write_sizes.set(std::move(sizes));
    else
        to(side).read_sizes.set(std::move(sizes));
}

bool duplex_operation::start() noexcept {
    if (link_ != nullptr) return link_->begin(*this);
    error_ = EBADF;
    return true;
}

void duplex_operation::cancel() noexcept {
    if (link_ != nullptr) link_->cut(*this);
}

std::size_t duplex_operation::await_resume() const {
    if (progress_ != nullptr) *progress_ = moved_;
    throw_if_refused();
    if (cut_) throw cancelled();
    const char* const verb = way_ == duplex_way::read ? "read from" : "write to";
    if (error_ != 0) throw io_error(verb, name, error_);
    if (way_ == duplex_way::read && much_ == extent::whole && !left().empty())
        throw end_of_stream(verb, name, moved_);
    return moved_;
}

}  // namespace detail

namespace {

void check_sizes(const std::vector<std::size_t>& sizes) {
    if (std::ranges::find(sizes, 0U) != sizes.end())
        throw usage_error("split a duplex into pieces of 0 bytes: no read or write would ever end");
}

}  // namespace

detail::duplex_link& duplex_stream::link() {
    if (link_ == nullptr)
        throw usage_error("set a fault at an end of a duplex that is closed: nothing moves there");
    return *link_;
}

void duplex_stream::shutdown_write() noexcept {
    if (link_ != nullptr) link_->end_writing(side_);
}

void duplex_stream::close() noexcept {
    if (link_ == nullptr) return;
    link_->close(side_, false);
    link_.reset();
}

void duplex_stream::abort() noexcept {
    if (link_ == nullptr) return;
    link_->close(side_, true);
    link_.reset();
}

void duplex_stream::reset_after(std::size_t bytes) {
    link().break_after(side_, bytes, detail::duplex_link::break_kind::reset);
}
void duplex_stream::end_after(std::size_t bytes) {
    link().break_after(side_, bytes, detail::duplex_link::break_kind::end);
}
void duplex_stream::read_in_pieces(std::vector<std::size_t> sizes) {
    check_sizes(sizes);
    link().split(side_, detail::duplex_way::read, std::move(sizes));
}
void duplex_stream::write_in_pieces(std::vector<std::size_t> sizes) {
    check_sizes(sizes);
    link().split(side_, detail::duplex_way::write, std::move(sizes));
}

duplex_stream& duplex_stream::operator=(duplex_stream&& other) noexcept {
    if (this == &other) return *this;
    close();
    link_ = std::move(other.link_);
    side_ = other.side_;
    return *this;
}

std::pair<duplex_stream, duplex_stream> duplex(std::size_t capacity) {
    if (capacity == 0)
        throw usage_error("make a duplex that holds 0 bytes: nothing could be written");
    auto link = std::make_shared<detail::duplex_link>(capacity);
    return {duplex_stream(link, detail::duplex_side::first),
            duplex_stream(link, detail::duplex_side::second)};
}

}  // namespace twill::inline TWILL_ABI
