#include <twill/core/error.hpp>
#include <twill/runtime/compute.hpp>

#include <new>

namespace twill::inline TWILL_ABI::detail {

void compute_job::region_ended(region& self) noexcept {
    static_cast<compute_job&>(self).complete();
}

bool compute_job::start() noexcept {
    // Nothing of this operation is touched after a success: it may be gone.
    try {
        runtime::of(owner()).compute().submit(*this);
        return false;
    } catch (const std::system_error& e) {
        refused_ = e.code();
    } catch (const std::bad_alloc&) {
        refused_ = std::make_error_code(std::errc::not_enough_memory);
    }
    return true;
}

void compute_job::cancel() noexcept { request_stop(); }

void compute_job::throw_if_not_run() const {
    throw_if_refused();
    if (refused_) throw io_error("start", "a thread of the compute pool", refused_);
    if (!started()) throw cancelled();
}

}  // namespace twill::inline TWILL_ABI::detail
