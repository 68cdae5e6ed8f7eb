// refused: the callable gives something that cannot be awaited, and that would be dropped
#include <twill/core/scope.hpp>

void spawn_a_plain_function(twill::scope_ref s) {
    s.spawn([] { return 3; });
}
