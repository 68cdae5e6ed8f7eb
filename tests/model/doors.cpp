// What the model puts behind twill's doors to the outside world.
#include <explore/model/model.hpp>
#include <runtime/fork_guard.hpp>
#include <runtime/work_report.hpp>
#include <twill/async/detail/choosing.hpp>
#include <twill/async/detail/hazard.hpp>
#include <twill/core/event.hpp>
#include <twill/core/frame_memory.hpp>
#include <twill/core/time.hpp>
#include <twill/runtime/detail/asymmetric_barrier.hpp>

#include "doors.hpp"

#include <numeric>
#include <span>

namespace {

// Tracing is off, nobody forks, and nothing is measured: looking whether it is so is on every path.
const bool constants = [] {
    twill::explore::model::hold_constant(&twill::detail::current_event_sink);
    twill::explore::model::hold_constant(&twill::detail::forks_since_watch);
    twill::explore::model::hold_constant(&twill::detail::profile_wanted);
    twill::detail::asymmetric_barrier::prepare();
    return true;
}();

}  // namespace

constinit twill::detail::hazard_slots* model_test::slots_of_run = nullptr;
constinit model_test::few_spans* model_test::few_spans::of_run = nullptr;
alignas(twill::detail::span_size) std::byte
    model_test::few_spans::room_[most * twill::detail::span_size];

namespace twill::inline TWILL_ABI {

time_point now() noexcept {
    return time_point(duration(static_cast<std::int64_t>(explore::model::virtual_now())));
}
duration thread_time() noexcept { return now().time_since_epoch(); }

namespace detail {

// As they were given: scenarios have them in the orders that matter.
void draw_order(std::span<std::uint16_t> order) noexcept {
    std::iota(order.begin(), order.end(), std::uint16_t{0});
}

// Without some at hand.
hazard_slot& take_hazard_slot() { return model_test::slots_of_run->take(); }
void give_hazard_slot_back(hazard_slot& one) noexcept { hazard_slots::give_back(one); }
bool anyone_reads(const void* what) noexcept {
    return model_test::slots_of_run->anyone_reads(what);
}

// Of the few that a run has.
frame_span* take_span() noexcept { return model_test::few_spans::of_run->take(); }
void give_span_back(frame_span& idle) noexcept { model_test::few_spans::of_run->give_back(idle); }
void shrink_reserve() noexcept {}
std::size_t reserve_bytes() noexcept { return 0; }

// Nothing is measured.
constinit atomic<bool> profile_wanted{false};
void look_whether_profile_is_wanted() {}
measured_region::~measured_region() { static_cast<void>(label_); }

// Always prepared.
constinit atomic<bool> asymmetric_barrier::prepared_{true};
void asymmetric_barrier::prepare() noexcept { explore::model::hold_constant(&prepared_); }
void asymmetric_barrier::heavy() noexcept { explore::model::barrier_of_all(); }

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
