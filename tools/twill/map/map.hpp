// `twill map`: runs a command for each input, several at a time. docs/map.md is its manual.
#pragma once

namespace twill_command {

int run_map(int argc, char** argv);

}  // namespace twill_command
