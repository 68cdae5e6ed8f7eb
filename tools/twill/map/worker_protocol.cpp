#include "twill/map/worker_protocol.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace twill_command {
namespace {

constexpr std::size_t capacity = 65536;
constexpr int most_status = 255;
// A status and two lengths, with room.
constexpr std::size_t longest_head = 64;

// The number that `line` begins with, which is taken from it, up to a space or its end.
std::optional<std::uint64_t> take_number(std::string_view& line) {
    std::uint64_t number = 0;
    const char* const end = std::to_address(line.end());
    const auto [rest, error] = std::from_chars(std::to_address(line.begin()), end, number);
    if (error != std::errc() || (rest != end && *rest != ' ')) return std::nullopt;
    line.remove_prefix(static_cast<std::size_t>(rest - line.data()) + (rest != end ? 1 : 0));
    return number;
}

// How many of the last bytes of `text` may be the beginning of `mark`.
std::size_t begun_at_end(std::string_view text, std::string_view mark) {
    std::size_t count = std::min(text.size(), mark.size() - 1);
    while (!mark.starts_with(text.substr(text.size() - count))) --count;
    return count;
}

answer_part wrong() { return {.what = answer_part::kind::wrong}; }

}  // namespace

void append_input(std::string& to, std::string_view input, worker_protocol protocol) {
    if (protocol == worker_protocol::lengths) to += std::to_string(input.size()) + "\n";
    to += input;
    if (protocol == worker_protocol::lines) to += '\n';
}

answer_parser::answer_parser(worker_protocol protocol, std::string mark)
    : protocol_(protocol), mark_(std::move(mark)), buffer_(capacity) {}

std::span<std::byte> answer_parser::room() {
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    return std::as_writable_bytes(std::span(buffer_).subspan(end_));
}

answer_part answer_parser::next() {
    return protocol_ == worker_protocol::lines ? next_of_lines() : next_of_lengths();
}

answer_part answer_parser::take(answer_part::kind what, std::size_t count) {
    const auto bytes = std::as_bytes(std::span(buffer_).subspan(begin_, count));
    begin_ += count;
    inside_ = true;
    return {.what = what, .bytes = bytes};
}

answer_part answer_parser::end_of(int status) {
    inside_ = false;
    return {.what = answer_part::kind::end, .status = status};
}

answer_part answer_parser::next_of_lines() {
    const std::string_view here = text();
    const auto at = here.find(mark_);
    if (at == std::string_view::npos) {
        const std::size_t sure = here.size() - begun_at_end(here, mark_);
        if (sure == 0) return {};
        return take(answer_part::kind::output, sure);
    }
    if (at > 0) return take(answer_part::kind::output, at);
    std::string_view line = here.substr(mark_.size());
    const auto end = line.find('\n');
    if (end == std::string_view::npos) return line.size() < longest_head ? answer_part{} : wrong();
    line = line.substr(0, end);
    int status = 0;
    if (!line.empty()) {
        line.remove_prefix(1);
        const auto number = take_number(line);
        if (!number || *number > most_status || !line.empty()) return wrong();
        status = static_cast<int>(*number);
    }
    begin_ += mark_.size() + end + 1;
    return end_of(status);
}

answer_part answer_parser::next_of_lengths() {
    if (!has_head_) {
        std::string_view line = text();
        const auto end = line.find('\n');
        if (end == std::string_view::npos)
            return line.size() < longest_head ? answer_part{} : wrong();
        line = line.substr(0, end);
        const auto status = take_number(line);
        const auto output = take_number(line);
        const auto error = take_number(line);
        if (!status || *status > most_status || !output || !error || !line.empty()) return wrong();
        begin_ += end + 1;
        has_head_ = true;
        inside_ = true;
        status_ = static_cast<int>(*status);
        output_left_ = *output;
        error_left_ = *error;
    }
    for (const auto& [left, what] : {std::pair(&output_left_, answer_part::kind::output),
                                     std::pair(&error_left_, answer_part::kind::error_output)}) {
        if (*left == 0) continue;
        const auto count = std::min<std::uint64_t>(*left, end_ - begin_);
        if (count == 0) return {};
        *left -= count;
        return take(what, static_cast<std::size_t>(count));
    }
    has_head_ = false;
    return end_of(status_);
}

}  // namespace twill_command
