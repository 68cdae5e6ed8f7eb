#include "twill/map/record_keeper.hpp"

#include <twill/core/error.hpp>
#include <twill/runtime/blocking.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <system_error>

namespace twill_command {
namespace {

double seconds(std::chrono::nanoseconds length) {
    return std::chrono::duration<double>(length).count();
}

// What was written to it, if it is a file, is on the disk after this.
void sync_if_file(int fd, const char* name) {
    struct stat about{};
    if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) return;
    if (::fdatasync(fd) != 0) throw twill::io_error("write to", name, errno);
}

void sync_printed() {
    sync_if_file(STDOUT_FILENO, "standard output");
    sync_if_file(STDERR_FILENO, "standard error");
}

}  // namespace

job_identifier identifier_for(const map_arguments& arguments) {
    std::error_code failed;
    const auto here = std::filesystem::current_path(failed);
    if (failed) throw twill::io_error("find", "the current folder", failed);
    return {arguments.command, here.native(), arguments.environment};
}

record_keeper::record_keeper(const map_arguments& arguments)
    : retry_failed_(arguments.retry_failed),
      calendar_offset_(seconds(std::chrono::system_clock::now().time_since_epoch()) -
                       seconds(twill::now().time_since_epoch())) {
    if (arguments.results) results_.emplace(*arguments.results);
    const auto path = arguments.log_path();
    if (!path) return;
    std::function<void()> sync;
    if (arguments.sync && results_)
        sync = [this] { results_->sync(); };
    else if (arguments.sync)
        sync = sync_printed;
    log_.emplace(*path, arguments.goes_on(), std::move(sync));
    if (results_) results_->begin();
    identifier_.emplace(identifier_for(arguments));
}

double record_keeper::calendar_time(twill::time_point at) const noexcept {
    return seconds(at.time_since_epoch()) + calendar_offset_;
}

twill::task<> record_keeper::keep_results(const job_record& job, const job_result& result) {
    co_await twill::blocking([&] { results_->write(job, result.out, result.err); });
    log_->add(job);
}

void record_keeper::finish() {
    if (log_) log_->finish();
}

}  // namespace twill_command
