// What comes on a connection: messages one after the other, each a head and its content.
//
//     while (!incoming.head(head, wrong) && !wrong) incoming.came(read(incoming.room_for_head()));
//     for (;;) {                                         // a piece of the content
//         if (auto got = incoming.take(into, wrong)) return *got;      // 0: its end
//         if (wrong) throw ...;
//         if (auto got = incoming.content_came(read(incoming.room_for_content(into)))) return got;
//     }
//
// The head stays where it is until `next`, for what it says refers to it. So what follows the head
// in the first buffer, and needs more to be understood, moves to the second one; so does what comes
// later, unless it can be read right to where it is wanted.
#pragma once

#include "http_buffer.hpp"
#include "http_parser.hpp"

#include <twill/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace twill::inline TWILL_ABI::detail {

template <bool IsRequest>
class http_incoming {
public:
    explicit http_incoming(const http_limits& limits) : limits_(limits), parser_(limits) {}

    // Begins the next message. Only when this one is complete.
    void next() noexcept {
        content_ = {};
        finder_.restart();
        // What came behind the content.
        if (!more_.empty()) in_.swap(more_);
    }
    // Whether nothing of a message has come.
    [[nodiscard]] bool empty() const noexcept { return in_.empty() && more_.empty(); }

    // True: a whole head has come, and `into` has what it says. False: more has to come, unless
    // `wrong` says what is. `no_content`: see http_parser::parse.
    bool head(http_head& into, http_refusal& wrong, bool no_content = false) {
        const auto found = finder_.find(in_.view(), limits_);
        wrong = found.wrong;
        if (wrong || found.size == 0) return false;
        const auto head = in_.view().substr(found.begin, found.size);
        in_.consume(found.begin + found.size);
        wrong = parser_.parse(head, into, no_content);
        return !wrong;
    }
    // Another head of the same message is to come: this one was but a note in between.
    void another_head() noexcept { finder_.restart(); }
    // While nothing of a message is there: holds no memory until `room_for_head`.
    void release() noexcept {
        in_.release();
        more_.release();
    }
    // For what comes when no message is wanted any more.
    std::span<std::byte> room_to_drop() {
        in_.consume(in_.view().size());
        return in_.make_room(usual_head);
    }
    std::span<std::byte> room_for_head() { return in_.make_room(in_.empty() ? usual_head : 1024); }
    void came(std::size_t bytes) noexcept { in_.came(bytes); }

    // Content that has come: how many bytes of it were copied, 0 at its end. Nothing: more has to
    // come, unless `wrong` says what is.
    std::optional<std::size_t> take(std::span<std::byte> into, http_refusal& wrong) {
        while (content_.empty()) {
            if (parser_.complete()) return 0;
            http_buffer& from = in_.empty() ? more_ : in_;
            if (from.empty()) return std::nullopt;
            const auto step = parser_.body(from.view());
            wrong = step.wrong;
            if (wrong) return std::nullopt;
            from.consume(step.taken);
            content_ = step.content;
            if (step.taken == 0 && !step.done) return wait_for_more(wrong);
        }
        const std::size_t size = std::min(content_.size(), into.size());
        std::memcpy(into.data(), content_.data(), size);
        content_.remove_prefix(size);
        return size;
    }
    // Where the next bytes belong, which can be `into` itself.
    std::span<std::byte> room_for_content(std::span<std::byte> into) {
        const std::uint64_t known = parser_.remaining();
        straight_ = known != 0 && into.size() >= least_straight;
        if (!straight_) return more_.make_room(most_line);
        return into.first(static_cast<std::size_t>(std::min<std::uint64_t>(known, into.size())));
    }
    // So many came there: how many of them are content in `into`.
    std::size_t content_came(std::size_t bytes) noexcept {
        if (straight_)
            parser_.took(bytes);
        else
            more_.came(bytes);
        return straight_ ? bytes : 0;
    }

    // Whether all of the content has come.
    [[nodiscard]] bool complete() const noexcept { return parser_.complete(); }
    // Whether there is content that was not taken, come or not.
    [[nodiscard]] bool has_content() const noexcept { return !complete() || !content_.empty(); }
    // How much of it has not come, if that is known.
    [[nodiscard]] std::uint64_t remaining() const noexcept { return parser_.remaining(); }

private:
    // Reading right to where it is wanted pays from here on.
    static constexpr std::size_t least_straight = 1024;
    // Most heads are shorter. The largest block that frames' memory has.
    static constexpr std::size_t usual_head = 2048;
    // What does not fit, of the line before a chunk or the fields behind the last one, is refused.
    static constexpr std::size_t most_line = 16384;

    std::nullopt_t wait_for_more(http_refusal& wrong) {
        if (!in_.empty()) {
            more_.append(in_.view());
            in_.consume(in_.view().size());
        }
        if (more_.view().size() >= most_line)
            wrong = {431, "the fields behind the content are longer than is taken here"};
        return std::nullopt;
    }

    http_limits limits_;
    http_buffer in_;
    http_buffer more_;
    std::string_view content_{};  // has come, and was not taken
    http_head_finder finder_;
    http_parser<IsRequest> parser_;
    bool straight_ = false;
};

}  // namespace twill::inline TWILL_ABI::detail
