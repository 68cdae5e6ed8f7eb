#include <twill/runtime/compute_pool.hpp>

#include <twill/core/error.hpp>
#include <twill/core/event.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {

constinit TWILL_THREAD_LOCAL compute_binding bound{nullptr, nullptr};

namespace {

[[gnu::cold, gnu::noinline]] void join_default_pool() {
    thread_local compute_pool::membership as_guest(compute_pool::default_pool());
    // In a destructor of a static or of a thread-local that runs after this one's: stay for good.
    if (bound.worker == nullptr) new compute_pool::membership(compute_pool::default_pool());
}

}  // namespace

compute_worker* worker_inside() noexcept { return static_cast<compute_worker*>(bound.inside); }

compute_context& enter_region(const char* name, const char* file, std::uint32_t line) {
    if (bound.worker == nullptr) [[unlikely]]
        join_default_pool();
    auto& self = static_cast<compute_worker&>(*bound.worker);
    self.end_if_forked();
    const bool named = *name != 0;
    note(event_kind::region_begin, &self, named ? name : file, named ? 0 : line);
    bound.inside = &self;
    self.begin_sharing();
    self.get_on_core();
    if (profile_is_wanted()) [[unlikely]]
        self.begin_row({name, file, line, __builtin_return_address(0)});
    return self;
}

void leave_region(compute_context& here) noexcept {
    auto& self = static_cast<compute_worker&>(here);
    self.end_row();
    self.get_off_core();
    bound.inside = nullptr;
    note(event_kind::region_end, &here);
}

}  // namespace detail

void region::request_stop() noexcept {
    stop_.store(true, std::memory_order_release);
    if (detail::compute_core* const core = core_.load(std::memory_order_acquire)) core->stop(*this);
}

namespace {

compute_pool_options completed(compute_pool_options options) {
    const int level = options.lanes.nice_level();
    if (options.lanes.lower_weight() && options.lanes != lanes::idle && (level < 1 || level > 19))
        throw usage_error("make a compute pool with lanes::nice(" + std::to_string(level) +
                          "): nice levels that lower a weight go from 1 to 19");
    return options;
}

}  // namespace

compute_pool::compute_pool(compute_pool_options options)
    : options_(completed(std::move(options))),
      core_(std::make_unique<detail::compute_core>(*this, options_)) {}

compute_pool::~compute_pool() { delete foreign_.load(std::memory_order_acquire); }

detail::compute_core& compute_pool::of(lane which) {
    if (which == lane::normal) return *core_;
    detail::compute_core* const there = foreign_.load(std::memory_order_acquire);
    return there != nullptr ? *there : make_foreign_lane();
}

// Of several that are made at the same time, the first stays.
detail::compute_core& compute_pool::make_foreign_lane() {
    compute_pool_options options = options_;
    if (options.lanes != lanes::none) options.lanes = lanes::idle;
    auto made = std::make_unique<detail::compute_core>(*this, options, "twill-foreign");
    detail::compute_core* there = nullptr;
    if (!foreign_.compare_exchange_strong(there, made.get(), std::memory_order_acq_rel))
        return *there;
    return *made.release();
}

void compute_pool::submit(region& work) { of(work.lane_).submit(work); }

compute_pool::statistics compute_pool::stats() const noexcept {
    statistics sum;
    const time_point at = now();
    core_->add_to(sum, at);
    if (const auto* const foreign = foreign_.load(std::memory_order_acquire))
        foreign->add_to(sum, at);
    sum.busy = busy_.at_least(sum.busy);
    return sum;
}

unsigned compute_pool::workers() const noexcept { return core_->workers(); }

unsigned compute_pool::threads() const noexcept {
    const detail::compute_core* const foreign = foreign_.load(std::memory_order_acquire);
    return core_->threads() + (foreign != nullptr ? foreign->threads() : 0);
}

compute_pool& compute_pool::current() {
    const auto* const worker = static_cast<const detail::compute_worker*>(detail::bound.worker);
    return worker != nullptr ? worker->core_.pool() : default_pool();
}

compute_pool& compute_pool::default_pool() {
    // Never destroyed: threads may still use it while statics are. Not initialised as a static of
    // the function: a child forked meanwhile would wait for ever; so of two threads that make one,
    // one throws its own away (it has no threads yet). Acquire and release: the pool's fields.
    static constinit atomic<compute_pool*> pool{nullptr};
    if (compute_pool* const made = pool.load(std::memory_order_acquire)) return *made;
    auto mine = std::make_unique<compute_pool>();
    compute_pool* others = nullptr;
    if (!pool.compare_exchange_strong(others, mine.get(), std::memory_order_acq_rel,
                                      std::memory_order_acquire))
        return *others;
    return *mine.release();
}

compute_pool::membership::membership(compute_pool& pool)
    : guest_(&pool.core_->admit_guest()),
      worker_before_(detail::bound.worker),
      inside_before_(detail::bound.inside) {
    detail::bound = {guest_, nullptr};
}

compute_pool::membership::~membership() {
    detail::bound = {worker_before_, inside_before_};
    guest_->core_.part_from_guest(*guest_);
}

}  // namespace twill::inline TWILL_ABI
