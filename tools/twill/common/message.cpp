#include "twill/common/message.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace twill_command {
namespace {

// 0 or errno.
int write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

}  // namespace

void write_to_stderr(std::string_view text) noexcept {
    static_cast<void>(write_all(STDERR_FILENO, text));
}

int print(std::string_view who, std::string_view text) {
    const int why = write_all(STDOUT_FILENO, text);
    if (why == 0) return 0;
    complain("{}: write to standard output: {}", who, std::strerror(why));
    return exit_other_error;
}

}  // namespace twill_command
