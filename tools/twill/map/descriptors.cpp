#include "twill/map/descriptors.hpp"

#include "twill/common/message.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace twill_command {
namespace {

// A running job: its two pipes and its process descriptor.
constexpr rlim_t for_each_job = 3;
// Its standard input, too.
constexpr rlim_t for_each_worker = 4;
// The pipes' other ends while it is started; the runtime, the signals, the spill file, the events
// that stop the writing, and /dev/null.
constexpr rlim_t for_all = 2 + 3 + 2 + 1 + 2 + 1;

rlim_t open_now() {
    std::error_code failed;
    const std::filesystem::directory_iterator each("/proc/self/fd", failed);
    constexpr rlim_t usual = 3;
    // One of them is that of the iterator.
    return failed ? usual : static_cast<rlim_t>(std::distance(begin(each), end(each))) - 1;
}

}  // namespace

unsigned jobs_that_fit(unsigned wanted, bool asked_for, bool stay) {
    const rlim_t for_each = stay ? for_each_worker : for_each_job;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const rlim_t taken = open_now() + for_all;
    const rlim_t room = limit.rlim_cur > taken ? (limit.rlim_cur - taken) / for_each : 0;
    if (room >= wanted) return wanted;
    const auto fits = static_cast<unsigned>(room);
    if (fits == 0)
        complain(
            "twill map: {} open files are too few to run a job, which takes {}; raise ulimit -n",
            limit.rlim_cur, taken + for_each);
    else if (asked_for)
        complain(
            "twill map: running {} at a time instead of {}: {} open files leave no room for more "
            "(ulimit -n)",
            fits, wanted, limit.rlim_cur);
    return fits;
}

}  // namespace twill_command
