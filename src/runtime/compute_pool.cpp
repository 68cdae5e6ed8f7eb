#include <twill/runtime/compute_pool.hpp>

#include <twill/core/event.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <utility>

#include "compute_core.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {

constinit thread_local compute_binding bound{nullptr, nullptr};

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

compute_pool::compute_pool(compute_pool_options options) {
    const unsigned workers = options.workers != 0 ? options.workers : usable_cpus();
    const unsigned limit = options.max_threads != 0 ? options.max_threads : 4 * workers + 16;
    core_ = std::make_unique<detail::compute_core>(*this, workers, limit, options.patience,
                                                   options.gives_way_to);
}

compute_pool::~compute_pool() = default;

void compute_pool::submit(region& work) { core_->submit(work); }

unsigned compute_pool::workers() const noexcept { return core_->workers(); }

unsigned compute_pool::threads() const noexcept { return core_->threads(); }

compute_pool& compute_pool::current() {
    const auto* const worker = static_cast<const detail::compute_worker*>(detail::bound.worker);
    return worker != nullptr ? worker->core_.pool() : default_pool();
}

compute_pool& compute_pool::default_pool() {
    // Never destroyed: threads may still use it while statics are.
    static compute_pool* const pool = new compute_pool();
    return *pool;
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
