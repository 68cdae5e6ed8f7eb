// What the servers on Asio have in common beside what they serve; Boost has Asio, too, under a name
// of its own.
#pragma once

#include "common/meter.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Runs an io_context on so many threads, this one included.
template <class Context>
void run_on_threads(Context& context, int threads) {
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([&] { context.run(); });
    context.run();
    for (std::thread& each : others) each.join();
}

// PROGRAM TALK THREADS: serves until it is killed.
inline int server_main(int argc, char** argv, std::string_view talk, void (*serve)(int threads)) {
    if (argc != 3 || argv[1] != talk) {
        std::fprintf(stderr, "usage: %s %.*s THREADS\n", argv[0], static_cast<int>(talk.size()),
                     talk.data());
        return 2;
    }
    try {
        serve(std::atoi(argv[2]));
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
        return 1;
    }
}

}  // namespace twill::inline TWILL_ABI::bench
