#include <twill/core/error.hpp>
#include <twill/trace/file.hpp>
#include <twill/trace/perfetto.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace twill::inline TWILL_ABI::trace {
namespace {

// A file being written; every failure is an io_error.
class output_file {
public:
    explicit output_file(const std::string& path)
        : path_(path),
          descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) throw io_error("create", path_, errno);
    }
    ~output_file() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    output_file(const output_file&) = delete;
    output_file& operator=(const output_file&) = delete;

    void write(std::string_view piece) {
        while (!piece.empty()) {
            const ssize_t written = ::write(descriptor_, piece.data(), piece.size());
            if (written >= 0)
                piece.remove_prefix(static_cast<std::size_t>(written));
            else if (errno != EINTR)
                throw io_error("write", path_, errno);
        }
    }

    // Some file systems tell of a failed write only here.
    void close() {
        if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR)
            throw io_error("write", path_, errno);
    }

private:
    const std::string& path_;
    int descriptor_;
};

std::string created(std::string path) {
    output_file(path).close();
    return path;
}

}  // namespace

void save(const snapshot& seen, const std::string& path) {
    output_file file(path);
    if (path.ends_with(".svg")) {
        timeline picture = timeline_of(seen);
        picture.title = "Who ran when";
        file.write(timeline_svg(picture));
    } else {
        write_perfetto([&](std::string_view piece) { file.write(piece); }, seen);
    }
    file.close();
}

file_trace::file_trace(std::string path, recorder_options options)
    : recorder_(options), path_(created(std::move(path))) {}

file_trace::~file_trace() {
    recorder_.stop();
    try {
        save(recorder_.take(), path_);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "twill: the trace is lost: %s\n", e.what());
    }
}

std::unique_ptr<file_trace> start_from_environment() {
    const char* path = std::getenv("TWILL_TRACE");
    if (path == nullptr || *path == 0) return nullptr;
    recorder_options options;
    if (const char* given = std::getenv("TWILL_TRACE_EVENTS"); given != nullptr && *given != 0) {
        const std::string_view text = given;
        const auto [end, failure] =
            std::from_chars(text.data(), text.data() + text.size(), options.events_per_thread);
        if (failure != std::errc{} || end != text.data() + text.size())
            throw usage_error("TWILL_TRACE_EVENTS=" + std::string(text) +
                              ": give the number of events to keep for each thread, as 65536");
    }
    try {
        return std::make_unique<file_trace>(path, options);
    } catch (const already_recording&) {
        return nullptr;
    }
}

}  // namespace twill::inline TWILL_ABI::trace
