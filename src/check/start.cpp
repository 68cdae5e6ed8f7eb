// How the library comes into a program: before main it becomes the fork server, and each run goes
// on from there.
#include "check/hooks/threads.hpp"
#include "check/memory_mode.hpp"
#include "check/scheduler.hpp"
#include "check/server.hpp"
#include "check/system.hpp"
#include "check/world.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

using main_function = int(int, char**, char**);

descriptors given;
main_function* program_main = nullptr;
bool main_has_returned = false;

// From our variable, which is taken out of the environment with LD_PRELOAD: both are for this
// program only, not for those that it executes.
bool take_descriptors(int& memory) noexcept {
    const char* text = ::getenv(environment_name);
    if (text == nullptr) return false;
    for (int* const each : {&given.socket, &memory, &given.output}) {
        char* rest = nullptr;
        *each = static_cast<int>(std::strtol(text, &rest, 10));
        text = *rest == ':' ? rest + 1 : rest;
    }
    ::unsetenv(environment_name);
    ::unsetenv("LD_PRELOAD");
    if (const char* now = ::getenv("LD_BIND_NOW");
        now != nullptr && std::strcmp(now, bind_now_value) == 0)
        ::unsetenv("LD_BIND_NOW");
    return true;
}

// After all destructors of the program's static objects, since it is registered before them: the
// process is still there, and so are its other threads. Those destructors may have joined some. A
// program that called exit in the middle of things leaves threads behind with right.
void at_exit() {
    if (!in_run() || !controlled() || thread_count() == 1) return;
    point({action::exit, object_kind::process, nullptr, nullptr});
    if (main_has_returned) note_leaked_threads();
}

// Runs once, as early as the first constructor or hook.
void attach() noexcept {
    static bool done = false;
    if (done) return;
    done = true;
    int memory = -1;
    if (!take_descriptors(memory)) return;
    void* const mapped =
        ::mmap(nullptr, sizeof(session), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    raw_syscall(SYS_close, memory);
    if (mapped == MAP_FAILED) give_up("cannot map the session");
    the.shared = static_cast<session*>(mapped);
    if (the.shared->version != protocol_version)
        give_up("libtwill_check.so belongs to another version of the twill command");
    prepare_thread_ends();
    static_cast<void>(std::atexit(&at_exit));
    ::pthread_atfork(nullptr, nullptr, &leave_run);
}

[[gnu::constructor(101)]] void attach_early() { attach(); }

int run_main(int argc, char** argv, char** environment) {
    prepare_memory_mode();
    serve(*the.shared, given);
    notice_end_of(*current);
    const int status = program_main(argc, argv, environment);
    point({action::exit, object_kind::process, nullptr, nullptr});
    main_has_returned = true;
    return status;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

TWILL_INTERPOSED int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv,
                                       void (*init)(), void (*fini)(), void (*rtld_fini)(),
                                       void* stack_end) {
    using namespace twill::check;
    attach();
    using start_function =
        int(main_function*, int, char**, void (*)(), void (*)(), void (*)(), void*);
    static auto* const start = real<start_function>("__libc_start_main");
    if (current_session() != nullptr) {
        program_main = main;
        main = &run_main;
    }
    return start(main, argc, argv, init, fini, rtld_fini, stack_end);
}
