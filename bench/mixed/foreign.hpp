// What others did to the CPUs while something was measured: processes that are not ours, and the
// host, which runs other machines (steal time).
//
//     bench::foreign_watch watch({server.pid(), load.pid()});
//     ...
//     const bench::foreign_load others = watch.so_far();
#pragma once

#include <twill/core/config.hpp>

#include <sys/types.h>

#include <vector>

namespace twill::inline TWILL_ABI::bench {

// Shares of all CPU time that there was.
struct foreign_load {
    double processes = 0;
    double stolen = 0;
};

class foreign_watch {
public:
    // `ours`: the processes that count as our own, beside this one.
    explicit foreign_watch(std::vector<pid_t> ours);
    // Since the construction. All of `ours` must be there still.
    [[nodiscard]] foreign_load so_far() const;

private:
    struct reading {
        double wall = 0;
        double idle = 0;    // of all CPUs that this process may use
        double stolen = 0;  // likewise
        double own = 0;
    };
    [[nodiscard]] reading read() const;

    std::vector<pid_t> ours_;
    reading before_;
};

}  // namespace twill::inline TWILL_ABI::bench
