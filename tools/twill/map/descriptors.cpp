#include "twill/map/descriptors.hpp"

#include "twill/common/message.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace twill_command {
namespace {

// A running job: its pipes and its process descriptor; and of up to two that have ended, the file
// of the results that is being written.
rlim_t for_each_job(const map_arguments& arguments) {
    const bool is_fed = arguments.worker != worker_protocol::none;
    return (is_fed ? 4 : 3) + (arguments.results ? 2 : 0);
}

// The pipes' other ends while it is started; the runtime, the signals, the spill file, the events
// that stop the writing, and /dev/null; the folder of the results, one that is replaced, the log.
rlim_t for_all(const map_arguments& arguments) {
    return 2 + 3 + 2 + 1 + 2 + 1 + (arguments.results ? 3 : 0) + (arguments.log_path() ? 1 : 0);
}

rlim_t open_now() {
    std::error_code failed;
    const std::filesystem::directory_iterator each("/proc/self/fd", failed);
    constexpr rlim_t usual = 3;
    // One of them is that of the iterator.
    return failed ? usual : static_cast<rlim_t>(std::distance(begin(each), end(each))) - 1;
}

}  // namespace

unsigned jobs_that_fit(const map_arguments& arguments, unsigned wanted, bool asked_for) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
    const rlim_t taken = open_now() + for_all(arguments);
    const rlim_t each = for_each_job(arguments);
    const rlim_t room = limit.rlim_cur > taken ? (limit.rlim_cur - taken) / each : 0;
    if (room >= wanted) return wanted;
    const auto fits = static_cast<unsigned>(room);
    if (fits == 0)
        complain(
            "twill map: {} open files are too few to run a job, which takes {}; raise ulimit -n",
            limit.rlim_cur, taken + each);
    else if (asked_for)
        complain(
            "twill map: running {} at a time instead of {}: {} open files leave no room for more "
            "(ulimit -n)",
            fits, wanted, limit.rlim_cur);
    return fits;
}

}  // namespace twill_command
