// What others did to the CPUs while something was measured: processes that are not ours, and the
// host (steal time).
//
//     bench::foreign_watch watch({server.pid(), load.pid()});
//     ...
//     const double share = watch.share();   // of all CPU time that there was
#pragma once

#include <twill/core/config.hpp>

#include <sys/types.h>

#include <vector>

namespace twill::inline TWILL_ABI::bench {

class foreign_watch {
public:
    // `ours`: the processes that count as our own, beside this one.
    explicit foreign_watch(std::vector<pid_t> ours);
    // Since the construction. All of `ours` must be there still.
    [[nodiscard]] double share() const;

private:
    struct reading {
        double wall = 0;
        double idle = 0;  // of all CPUs that this process may use
        double own = 0;
    };
    [[nodiscard]] reading read() const;

    std::vector<pid_t> ours_;
    reading before_;
};

}  // namespace twill::inline TWILL_ABI::bench
