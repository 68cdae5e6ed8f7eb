// `twill c++` and `twill cc`: the compiler, asked to instrument for `twill check`.
#pragma once

namespace twill_command {

int run_cxx(int argc, char** argv);
int run_cc(int argc, char** argv);

}  // namespace twill_command
