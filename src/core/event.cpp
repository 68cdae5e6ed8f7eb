#include <twill/core/event.hpp>

namespace twill::inline TWILL_ABI {
namespace detail {

constinit atomic<event_sink*> current_event_sink{nullptr};

void emit(event_sink& sink, event_kind kind, std::uint64_t subject, const char* label,
          std::uint32_t value) noexcept {
    sink.record(event{now(), subject, label, value, kind});
}

}  // namespace detail

void set_event_sink(event_sink* sink) noexcept {
    detail::current_event_sink.store(sink, std::memory_order_release);
}

}  // namespace twill::inline TWILL_ABI
