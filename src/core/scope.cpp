#include <twill/core/scope.hpp>

namespace twill::inline TWILL_ABI::detail {

void finish_scope(group& of, const context& owner, const std::exception_ptr& body_error,
                  std::vector<std::exception_ptr>* others) {
    if (others != nullptr) *others = std::move(of.other_failures());
    if (of.first_failure()) std::rethrow_exception(of.first_failure());
    if (owner.cancel_requested() && of.cut_short()) throw cancelled();
    // The body gave up by itself: nobody had cancelled the scope.
    if (body_error && !of.cancel_requested()) throw cancelled();
}

}  // namespace twill::inline TWILL_ABI::detail
