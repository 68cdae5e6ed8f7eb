// A process and its children, as a server may be: CPU time and memory of all of them.
#pragma once

#include <twill/core/config.hpp>

#include <sys/types.h>

#include <vector>

namespace twill::inline TWILL_ABI::bench {

class family {
public:
    // Those who are there now. Throws std::system_error when `head` is not.
    explicit family(pid_t head);

    // Used so far. Throws std::system_error when one has ended.
    [[nodiscard]] double cpu_seconds() const;
    // Memory of their own that is in RAM: not what files' pages take, which others may share.
    [[nodiscard]] double private_bytes() const;

private:
    std::vector<pid_t> members_;
};

}  // namespace twill::inline TWILL_ABI::bench
