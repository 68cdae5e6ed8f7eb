// A program of several small scenarios, chosen by its first argument.
#pragma once

#include <cstdio>
#include <cstring>

struct scenario {
    const char* name;
    void (*run)();
};

// Ends with status 3 when there is no such scenario.
template <int Count>
int run_scenario(int argc, char** argv, const scenario (&all)[Count]) {
    for (const scenario& each : all)
        if (argc > 1 && std::strcmp(argv[1], each.name) == 0) {
            each.run();
            return 0;
        }
    std::puts("no such scenario");
    return 3;
}
