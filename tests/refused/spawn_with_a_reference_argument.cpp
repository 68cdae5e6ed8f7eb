// refused: cannot be called with copies of these arguments, .* pass std::ref
#include <twill/core/scope.hpp>

twill::task<> count_up(int& counter);

void spawn_without_ref(twill::scope_ref s, int& counter) { s.spawn(count_up, counter); }
