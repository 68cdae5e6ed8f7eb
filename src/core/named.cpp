#include <twill/core/named.hpp>

namespace twill::inline TWILL_ABI::detail {
namespace {

// Its address is the key under which names are bound.
constexpr char names = 0;

}  // namespace

bound_name::bound_name(std::string name) noexcept : binding{&names}, text(std::move(name)) {}

const std::string* name_given_by(const context& where) noexcept {
    if (!where.is_binding()) return nullptr;
    const binding* bound = static_cast<const group&>(where).bound();
    return bound->key == &names ? &static_cast<const bound_name*>(bound)->text : nullptr;
}

}  // namespace twill::inline TWILL_ABI::detail
