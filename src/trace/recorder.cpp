#include <twill/core/error.hpp>
#include <twill/core/event.hpp>
#include <twill/trace/recorder.hpp>

#include "ring.hpp"

#include <algorithm>
#include <bit>

namespace twill::inline TWILL_ABI::trace {
namespace {

detail::ring_storage& storage_for(const recorder_options& options) {
    constexpr std::size_t fewest = 16;
    constexpr std::size_t most = std::size_t{1} << 28;
    if (options.events_per_thread > most)
        throw usage_error("trace::recorder: events_per_thread must be at most 268435456");
    if (options.threads < 1 || options.threads > 65'536)
        throw usage_error("trace::recorder: threads must be 1 to 65536");
    const std::size_t capacity = std::bit_ceil(std::max(options.events_per_thread, fewest));
    detail::ring_storage* storage = detail::ring_storage::acquire(options.threads, capacity);
    if (storage == nullptr) throw already_recording();
    return *storage;
}

}  // namespace

already_recording::already_recording()
    : usage_error("trace::recorder: one exists already; destroy it first, or share it") {}

recorder::recorder(recorder_options options) : storage_(storage_for(options)), started_(now()) {
    set_event_sink(&storage_);
}

recorder::~recorder() {
    stop();
    storage_.release();
}

void recorder::stop() noexcept {
    if (stopped_ != never) return;
    set_event_sink(nullptr);
    stopped_ = now();
}

void recorder::start() noexcept {
    if (stopped_ == never) return;
    stopped_ = never;
    set_event_sink(&storage_);
}

snapshot recorder::take() const {
    snapshot seen;
    storage_.copy(seen);
    seen.from = started_;
    seen.to = stopped_ == never ? now() : stopped_;
    for (auto& thread : seen.threads) {
        // A thread may have read the clock for the recorder before this one, and come late.
        std::erase_if(thread.events, [&](const event& e) { return e.at < started_; });
        if (!thread.events.empty()) seen.to = std::max(seen.to, thread.events.back().at);
    }
    std::erase_if(seen.threads, [](const thread_events& t) { return t.events.empty(); });
    return seen;
}

}  // namespace twill::inline TWILL_ABI::trace
