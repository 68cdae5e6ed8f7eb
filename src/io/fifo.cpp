#include <twill/core/error.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/pipe.hpp>
#include <twill/runtime/blocking.hpp>

#include "io/readiness.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

namespace twill::inline TWILL_ABI {
namespace {

// Empty: nobody reads it. With O_NONBLOCK, which `open` otherwise waits without, and no longer can
// be told to stop.
detail::descriptor open_fifo(const std::string& path, int how) {
    detail::descriptor made(::open(path.c_str(), how | O_NONBLOCK | O_CLOEXEC));
    if (!made && errno == ENXIO && how == O_WRONLY) return made;
    if (!made) throw io_error("open the FIFO", path, errno);
    struct stat about{};
    if (::fstat(made.get(), &about) != 0) throw io_error("open the FIFO", path, errno);
    if (!S_ISFIFO(about.st_mode)) throw io_error("open as a FIFO", path, EINVAL);
    return made;
}

}  // namespace

void make_fifo(const std::string& path, mode_t mode) {
    if (::mkfifo(path.c_str(), mode) != 0) throw io_error("make the FIFO", path, errno);
}

// The kernel reports the end of the stream to a reader only when there has been a writer since it
// was opened: so there is something to wait for.
task<pipe_reader> open_fifo_reader(std::string path) {
    auto fifo = co_await blocking([&] { return open_fifo(path, O_RDONLY); });
    io_source source(fifo.get());
    struct forgetting {
        io_source& source;
        ~forgetting() { source.forget(); }
    } const at_end{source};
    detail::until_readable writer_there("open a FIFO", source);
    co_await writer_there;
    co_return pipe_reader(fifo.release());
}

task<pipe_writer> open_fifo_writer(std::string path) {
    using std::chrono::milliseconds;
    constexpr duration longest_pause = milliseconds(50);
    for (duration pause = milliseconds(1);; pause = std::min(2 * pause, longest_pause)) {
        auto fifo = co_await blocking([&] { return open_fifo(path, O_WRONLY); });
        if (fifo) co_return pipe_writer(fifo.release());
        co_await sleep(pause);
    }
}

}  // namespace twill::inline TWILL_ABI
