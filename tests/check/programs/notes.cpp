// Programs that do something wrong that does not end them: alone, or beside a seldom failure.
#include "scenario.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
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

void fails_seldom() {
    int seen = 0;
    std::thread other([] {
        set_stage(1);
        set_stage(2);
    });
    for (int i = 0; i != 5; ++i) seen += stage_now() == 1 ? 1 : 0;
    other.join();
    assert(seen != 5);
}

void leaks_and_seldom_fails() {
    leak();
    fails_seldom();
}

void ends_with_three() {
    std::thread([] { set_stage(1); }).join();
    std::exit(3);
}

void ends_with_three_and_seldom_fails() {
    fails_seldom();
    std::exit(3);
}

void ends_with_three_and_seldom_with_four() {
    int seen = 0;
    std::thread other([] {
        set_stage(1);
        set_stage(2);
    });
    for (int i = 0; i != 5; ++i) seen += stage_now() == 1 ? 1 : 0;
    other.join();
    std::exit(seen == 5 ? 4 : 3);
}

std::mutex left, right;

// In the opposite order to another thread, which is mostly not over by then.
void inverts_seldom() {
    int seen = 0;
    std::thread other([] {
        {
            const std::lock_guard first(left);
            const std::lock_guard second(right);
        }
        set_stage(1);
        set_stage(2);
    });
    for (int i = 0; i != 4; ++i) seen += stage_now() == 1 ? 1 : 0;
    if (seen == 4) {
        const std::lock_guard first(right);
        const std::lock_guard second(left);
    }
    other.join();
}

void ends_with_three_and_seldom_inverts() {
    inverts_seldom();
    std::exit(3);
}

void unlocks_wrongly_and_seldom_inverts() {
    guard.lock();
    std::thread([] { guard.unlock(); }).join();
    inverts_seldom();
}

// With 3 in about half of its schedules.
void ends_with_three_or_well() {
    std::thread other([] { set_stage(1); });
    const bool early = stage_now() == 0;
    other.join();
    std::exit(early ? 3 : 0);
}

// Of a pipe without a writer the opening waits, in a call that is not modelled.
void waits_in_an_unknown_call() {
    assert(mkfifo("pipe", 0600) == 0 || errno == EEXIST);
    std::thread([] { open("pipe", O_RDONLY | O_CLOEXEC); }).join();
}

void computes_for_ever() {
    std::thread([] {
        for (volatile bool forever = true; forever;) {
        }
    }).join();
}

// Returns to nowhere, and nobody can tell who called.
[[gnu::noinline]] void overwrite_the_stack() {
    auto* const frame = static_cast<volatile char*>(__builtin_frame_address(0));
    for (int i = 0; i != 64; ++i) frame[i] = 0x41;
}

void crashes_with_a_broken_stack() {
    std::thread([] { overwrite_the_stack(); }).join();
}

// Waits for somebody outside if the other thread was faster.
void waits_outside_seldom() {
    std::thread other([] { set_stage(1); });
    const bool late = stage_now() == 1;
    other.join();
    int ends[2];
    // Of a child that never writes: it waits for a pipe itself.
    assert(pipe(ends) == 0);
    const pid_t child = fork();
    char got = 0;
    if (child == 0) {
        close(ends[1]);
        _exit(read(ends[0], &got, 1) < 0 ? 1 : 0);
    }
    if (late) assert(read(ends[0], &got, 1) == 1);
    close(ends[0]);
    close(ends[1]);
}

// Each run leaves a byte in the file that is named by the environment.
void fails_slowly() {
    std::FILE* const runs = std::fopen(std::getenv("TWILL_TEST_RUNS"), "a");
    std::fputc('x', runs);
    std::fclose(runs);
    [[maybe_unused]] volatile unsigned kept = 0;
    for (unsigned i = 0; i != 10'000'000; ++i) kept = i;
    std::thread first([] {
        for (int i = 0; i != 20; ++i) set_stage(1);
    });
    std::thread second([] {
        for (int i = 0; i != 20; ++i) set_stage(2);
    });
    first.join();
    second.join();
    assert(stage_now() == 3);
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
    constexpr scenario all[] = {
        {"leaks", leaks},
        {"ends_with_three", ends_with_three},
        {"ends_with_three_and_seldom_fails", ends_with_three_and_seldom_fails},
        {"ends_with_three_and_seldom_with_four", ends_with_three_and_seldom_with_four},
        {"ends_with_three_and_seldom_inverts", ends_with_three_and_seldom_inverts},
        {"unlocks_wrongly_and_seldom_inverts", unlocks_wrongly_and_seldom_inverts},
        {"ends_with_three_or_well", ends_with_three_or_well},
        {"waits_in_an_unknown_call", waits_in_an_unknown_call},
        {"computes_for_ever", computes_for_ever},
        {"fails_slowly", fails_slowly},
        {"crashes_with_a_broken_stack", crashes_with_a_broken_stack},
        {"waits_outside_seldom", waits_outside_seldom},
        {"writes_anything_and_fails", writes_anything_and_fails},
        {"leaks_and_seldom_fails", leaks_and_seldom_fails}};
    return run_scenario(argc, argv, all);
}
