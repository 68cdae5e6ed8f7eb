#include <twill/core/futex_mutex.hpp>
#include <twill/trace/span.hpp>

#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace twill::inline TWILL_ABI::trace {
namespace {

// Never destroyed: events may be read until the very end of the process. The nodes of a set stay
// where they are.
using name_table = std::set<std::string, std::less<>>;
constinit futex_mutex names_lock;
constinit name_table* names = nullptr;

}  // namespace

name intern(std::string_view text) {
    std::lock_guard hold(names_lock);
    if (names == nullptr) names = new name_table;
    auto found = names->find(text);
    if (found == names->end()) found = names->emplace(text).first;
    return name(name::interned{}, found->c_str());
}

}  // namespace twill::inline TWILL_ABI::trace
