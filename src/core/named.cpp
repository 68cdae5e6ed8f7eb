#include <twill/core/named.hpp>

namespace twill::inline TWILL_ABI::detail {

constinit const char key_of_names = 0;

bound_name::bound_name(std::string name) noexcept : binding{&key_of_names}, text(std::move(name)) {}

const std::string* name_given_by(const context& where) noexcept {
    if (!where.is_binding()) return nullptr;
    const binding* bound = static_cast<const group&>(where).bound();
    return bound->key == &key_of_names ? &static_cast<const bound_name*>(bound)->text : nullptr;
}

}  // namespace twill::inline TWILL_ABI::detail
