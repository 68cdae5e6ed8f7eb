// refused: spawn takes the function and its arguments, not the task or awaitable
#include <twill/core/scope.hpp>

twill::task<> fetch(int number);

void spawn_the_call(twill::scope_ref s) { s.spawn(fetch(1)); }
