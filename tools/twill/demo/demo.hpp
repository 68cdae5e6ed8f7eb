// `twill demo`: what concurrency gives, what parallelism gives, what both give, and when neither
// does.
#pragma once

namespace twill_command {

int run_demo(int argc, char** argv);

}  // namespace twill_command
