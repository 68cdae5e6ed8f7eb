#include "twill/map/printer.hpp"

#include "twill/map/line_tagger.hpp"

#include <twill/core/cancellation.hpp>
#include <twill/runtime/blocking.hpp>

#include <utility>

namespace twill_command {

void printer::hand_over(std::uint64_t number, printout what) {
    // There is nothing to lose of one that has written nothing.
    if (what.empty()) note(what);
    if (!in_order_) {
        if (what.empty()) return;
        number = handed_over_++;
    }
    waiting_.emplace(number, std::move(what));
    if (number == next_) arrived_.announce();
}

void printer::note(const printout& what) {
    if (log_ == nullptr) return;
    for (const job_record& each : what.records) log_->add(each);
}

void printer::close() noexcept {
    closed_ = true;
    arrived_.announce();
}

twill::task<> printer::run() {
    for (;;) {
        if (closed_ && !waiting_.empty()) next_ = waiting_.begin()->first;
        const auto found = waiting_.find(next_);
        if (found == waiting_.end()) {
            if (closed_) co_return;
            co_await arrived_.next();
            continue;
        }
        co_await print(std::move(found->second));
        waiting_.erase(found);
        ++next_;
        printed_.announce();
    }
}

twill::task<> printer::print(printout what) {
    if (what.empty()) co_return;
    const progress::interlude alone(progress_);
    co_await write(out_, what.out, what.tag);
    note_written(what.out, what.tag, false);
    co_await write(err_, what.err, what.tag);
    note_written(what.err, what.tag, true);
    co_await write(err_, std::as_bytes(std::span(what.note)));
    if (!what.note.empty()) progress_.note_written(std::byte{'\n'}, true);
    note(what);
}

void printer::note_written(const kept_output& what, const std::string& tag, bool is_error) {
    // With a tag, what has no end gets one.
    if (!what.empty())
        progress_.note_written(tag.empty() ? what.last() : std::byte{'\n'}, is_error);
}

twill::task<> printer::write(const output_stream& to, const kept_output& what,
                             const std::string& tag) {
    if (what.empty()) co_return;
    if (!what.in_memory()) {
        co_await write_kept(to, what, tag);
    } else if (tag.empty()) {
        co_await write(to, what.tail());
    } else {
        line_tagger tagger(tag);
        co_await write(to, tagger.tagged(what.tail()));
        co_await write(to, tagger.end());
    }
}

twill::task<> printer::write(const output_stream& to, std::span<const std::byte> bytes) {
    if (bytes.empty()) co_return;
    // The usual case: little output, and a reader that keeps up.
    const auto rest = bytes.subspan(to.write_at_once(bytes));
    if (rest.empty()) co_return;
    auto on_a_thread = [&](std::stop_token stop) -> twill::task<> {
        auto write_all = [&to, rest, stop = std::move(stop)] { to.write(rest, stop); };
        co_await twill::blocking(std::move(write_all));
    };
    co_await twill::bridge_to_stop_token(on_a_thread);
}

twill::task<> printer::write_kept(const output_stream& to, const kept_output& what,
                                  const std::string& tag) {
    auto on_a_thread = [&](std::stop_token stop) -> twill::task<> {
        auto write_all = [&to, &what, &tag, stop = std::move(stop)] {
            line_tagger tagger(tag);
            what.for_each_piece([&](std::span<const std::byte> piece) {
                return to.write(tag.empty() ? piece : tagger.tagged(piece), stop);
            });
            if (!tag.empty()) to.write(tagger.end(), stop);
        };
        co_await twill::blocking(std::move(write_all));
    };
    co_await twill::bridge_to_stop_token(on_a_thread);
}

}  // namespace twill_command
