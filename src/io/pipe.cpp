#include <twill/core/error.hpp>
#include <twill/io/pipe.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>

namespace twill::inline TWILL_ABI {

pipe_ends make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) throw io_error("make", "a pipe", errno);
    return {pipe_reader(ends[0]), pipe_writer(ends[1])};
}

}  // namespace twill::inline TWILL_ABI
