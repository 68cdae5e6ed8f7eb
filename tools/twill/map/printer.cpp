#include "twill/map/printer.hpp"

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
    if (what.record && log_ != nullptr) log_->add(*what.record);
}

void printer::close() noexcept {
    closed_ = true;
    arrived_.announce();
}

twill::task<> printer::run() {
    for (;;) {
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
    progress_.hide();
    co_await write(out_, what.out);
    co_await write(err_, what.err);
    if (!what.note.empty()) {
        what.err.discard();
        what.err.append(std::as_bytes(std::span(what.note)));
        co_await write(err_, what.err);
    }
    note(what);
}

twill::task<> printer::write(const output_stream& to, const kept_output& what) {
    std::size_t done = 0;
    if (what.empty()) co_return;
    // The usual case: little output, and a reader that keeps up.
    if (what.in_memory()) done = to.write_at_once(what.tail());
    if (what.in_memory() && done == what.tail().size()) co_return;
    co_await write_slowly(to, what, done);
}

// `done`: bytes written already; only of an output that is in memory.
twill::task<> printer::write_slowly(const output_stream& to, const kept_output& what,
                                    std::size_t done) {
    auto on_a_thread = [&](std::stop_token stop) -> twill::task<> {
        auto write_all = [&to, &what, done, stop = std::move(stop)] {
            if (done > 0)
                to.write(what.tail().subspan(done), stop);
            else
                what.for_each_piece([&](auto piece) { return to.write(piece, stop); });
        };
        co_await twill::blocking(std::move(write_all));
    };
    co_await twill::bridge_to_stop_token(on_a_thread);
}

}  // namespace twill_command
