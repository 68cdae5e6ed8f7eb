// refused: spawn takes at most three arguments beside the callable
#include <twill/core/scope.hpp>

twill::task<> plot(int x, int y, int width, int height);

void spawn_without_a_place(twill::scope_ref s) { s.spawn(plot, 1, 2, 3, 4); }
