// How many CPUs the program sees: as many as the command says, though a run is pinned to one. It
// may pin its threads, which changes nothing.
#include "check/scheduler.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cstring>

namespace twill::inline TWILL_ABI::check {
namespace {

// 0: the truth.
unsigned cpus_shown() noexcept {
    return current_session() != nullptr && in_run() ? current_session()->options.cpus : 0;
}

int show(std::size_t size, cpu_set_t* into) noexcept {
    std::memset(into, 0, size);
    for (unsigned i = 0; i != cpus_shown(); ++i) CPU_SET_S(i, size, into);
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::check

using namespace twill::check;

TWILL_INTERPOSED int get_nprocs() noexcept {
    return cpus_shown() != 0 ? static_cast<int>(cpus_shown()) : TWILL_REAL(get_nprocs)();
}
TWILL_INTERPOSED int get_nprocs_conf() noexcept {
    return cpus_shown() != 0 ? static_cast<int>(cpus_shown()) : TWILL_REAL(get_nprocs_conf)();
}
TWILL_INTERPOSED long sysconf(int name) noexcept {
    if (cpus_shown() != 0 && (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF))
        return static_cast<long>(cpus_shown());
    return TWILL_REAL(sysconf)(name);
}

TWILL_INTERPOSED int sched_getaffinity(pid_t process, std::size_t size, cpu_set_t* into) noexcept {
    if (cpus_shown() == 0) return TWILL_REAL(sched_getaffinity)(process, size, into);
    return show(size, into);
}
TWILL_INTERPOSED int pthread_getaffinity_np(pthread_t thread, std::size_t size,
                                            cpu_set_t* into) noexcept {
    if (cpus_shown() == 0) return TWILL_REAL(pthread_getaffinity_np)(thread, size, into);
    return show(size, into);
}
TWILL_INTERPOSED int sched_setaffinity(pid_t process, std::size_t size,
                                       const cpu_set_t* wanted) noexcept {
    return cpus_shown() != 0 ? 0 : TWILL_REAL(sched_setaffinity)(process, size, wanted);
}
TWILL_INTERPOSED int pthread_setaffinity_np(pthread_t thread, std::size_t size,
                                            const cpu_set_t* wanted) noexcept {
    return cpus_shown() != 0 ? 0 : TWILL_REAL(pthread_setaffinity_np)(thread, size, wanted);
}
TWILL_INTERPOSED int pthread_attr_setaffinity_np(pthread_attr_t* attributes, std::size_t size,
                                                 const cpu_set_t* wanted) noexcept {
    return cpus_shown() != 0 ? 0
                             : TWILL_REAL(pthread_attr_setaffinity_np)(attributes, size, wanted);
}
