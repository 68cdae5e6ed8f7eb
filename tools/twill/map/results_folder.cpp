#include "twill/map/results_folder.hpp"

#include "twill/map/file_lock.hpp"
#include "twill/map/job_log.hpp"

#include <twill/core/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

namespace twill_command {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 120;
constexpr const char* unfinished_name = ".unfinished";

bool is_harmless(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("._-+=,@:").find(c) != std::string_view::npos;
}

// A file that is written whole, or an exception.
class new_file {
public:
    explicit new_file(std::string path)
        : path_(std::move(path)),
          file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
        if (file_ < 0) throw twill::io_error("make", path_, errno);
    }
    ~new_file() { ::close(file_); }
    new_file(const new_file&) = delete;
    new_file& operator=(const new_file&) = delete;

    void write(std::span<const std::byte> bytes) const {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) throw twill::io_error("write to", path_, errno);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

private:
    std::string path_;
    int file_;
};

void write_output(const std::string& path, const kept_output& output) {
    const new_file file(path);
    output.for_each_piece([&](std::span<const std::byte> piece) {
        file.write(piece);
        return true;
    });
}

}  // namespace

std::string results_name(std::string_view input, const job_id& job) {
    std::string name;
    for (const char c : input) {
        // A folder that begins with a dot is not seen, or is another's; "joblog" is the log.
        const bool first_is_taken = name.empty() && (c == '.' || input == "joblog");
        if (is_harmless(c) && !first_is_taken)
            name.push_back(c);
        else
            name += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        if (name.size() > longest_name) break;
    }
    if (name.empty() || name.size() > longest_name) {
        job_id first = job;
        first.nth = 1;
        name = name.substr(0, longest_name) + "~" + first.to_string();
    }
    return job.nth == 1 ? name : fmt::format("{}~{}", name, job.nth);
}

results_folder::results_folder(std::string path) : path_(std::move(path)) {
    std::error_code failed;
    fs::create_directories(path_, failed);
    if (failed) throw twill::io_error("make the folder for results", path_, failed);
    folder_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) throw twill::io_error("open the folder for results", path_, errno);
}

results_folder::~results_folder() {
    if (begun_) static_cast<void>(::unlinkat(folder_, unfinished_name, AT_REMOVEDIR));
    ::close(folder_);
}

void results_folder::begin() {
    // Its log may be elsewhere.
    if (!lock_file(folder_))
        throw unusable_log(
            fmt::format("{} is in use: another twill map keeps its results there", path_));
    const std::string unfinished = path_ + "/" + unfinished_name;
    std::error_code failed;
    fs::remove_all(unfinished, failed);
    if (!failed) fs::create_directory(unfinished, failed);
    if (failed) throw twill::io_error("make", unfinished, failed);
    begun_ = true;
}

void results_folder::write(const job_record& job, const kept_output& out,
                           const kept_output& err) const {
    const std::string unfinished =
        fmt::format("{}/{}/{}", path_, unfinished_name, job.id.to_string());
    std::error_code failed;
    fs::create_directory(unfinished, failed);
    if (failed) throw twill::io_error("make", unfinished, failed);
    try {
        write_output(unfinished + "/stdout", out);
        write_output(unfinished + "/stderr", err);
        const std::string usage = to_line(job, log_format::json);
        new_file(unfinished + "/usage.json").write(std::as_bytes(std::span(usage)));
        put_in_place(unfinished, path_ + "/" + results_name(job.input, job.id));
    } catch (...) {
        fs::remove_all(unfinished, failed);
        throw;
    }
}

void results_folder::put_in_place(const std::string& unfinished, const std::string& name) const {
    if (::rename(unfinished.c_str(), name.c_str()) == 0) return;
    // There is one, of an earlier try.
    if (errno != EEXIST && errno != ENOTEMPTY) throw twill::io_error("make", name, errno);
    std::error_code failed;
    if (::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, name.c_str(), RENAME_EXCHANGE) == 0) {
        fs::remove_all(unfinished, failed);
        return;
    }
    // Not every file system can exchange two.
    fs::remove_all(name, failed);
    if (::rename(unfinished.c_str(), name.c_str()) != 0) throw twill::io_error("make", name, errno);
}

void results_folder::sync() const {
    if (::syncfs(folder_) != 0) throw twill::io_error("write to", path_, errno);
}

}  // namespace twill_command
