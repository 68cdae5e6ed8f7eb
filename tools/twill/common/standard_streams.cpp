#include "twill/common/standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace twill_command {

void open_missing_standard_streams() noexcept {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // The lowest free number is `fd`: those below are open by now. The wrong direction makes
        // every use fail as it would without.
        static_cast<void>(::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY));
    }
}

}  // namespace twill_command
