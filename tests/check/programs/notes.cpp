// Programs that do something wrong that does not end them: alone, or beside a seldom failure.
#include "scenario.hpp"

#include <cassert>
#include <cstdio>
#include <mutex>
#include <thread>

namespace {

std::mutex guard;
int stage = 0;

void set_stage(int to) {
    const std::lock_guard lock(guard);
    stage = to;
}

int stage_now() {
    const std::lock_guard lock(guard);
    return stage;
}

// Never joined; it has mostly ended by then.
void leak() {
    new std::thread([] { stage_now(); });
}

void leaks() { leak(); }

void leaks_and_seldom_fails() {
    leak();
    std::thread other([] {
        set_stage(1);
        set_stage(2);
    });
    int seen = 0;
    for (int i = 0; i != 5; ++i) seen += stage_now() == 1 ? 1 : 0;
    other.join();
    assert(seen != 5);
}

// What no XML may contain, and what has a meaning in it.
void writes_anything_and_fails() {
    std::thread([] { set_stage(1); }).join();
    std::puts("<&\"']]>\1\x1b[31m\xff\xc3(\xed\xa0\x80\xef\xbf\xbf \xc3\xa4 end");
    std::fflush(stdout);
    assert(stage_now() == 2);
}

}  // namespace

int main(int argc, char** argv) {
    constexpr scenario all[] = {{"leaks", leaks},
                                {"writes_anything_and_fails", writes_anything_and_fails},
                                {"leaks_and_seldom_fails", leaks_and_seldom_fails}};
    return run_scenario(argc, argv, all);
}
