#include <twill/core/random.hpp>
#include <twill/io/replace_file.hpp>

#include "io/file_calls.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <span>
#include <utility>

namespace twill::inline TWILL_ABI {
namespace {

using detail::checked;
using detail::descriptor;

struct place {
    std::string folder;
    std::string name;
};

place split(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {".", path};
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// What is to be replaced.
struct old_file {
    std::string path;
    std::optional<struct stat> status;  // not set: there is none
};

// Where a link leads, as long as that exists; else the path itself.
old_file find_old(const std::string& path) {
    old_file found{path, {}};
    struct stat about{};
    bool exists = ::lstat(path.c_str(), &about) == 0;
    if (exists && S_ISLNK(about.st_mode)) {
        const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr),
                                                            &::free);
        if (real) found.path = real.get();
        exists = ::stat(found.path.c_str(), &about) == 0;
    }
    if (exists && !S_ISREG(about.st_mode)) throw io_error("replace", path, EINVAL);
    if (exists) found.status = about;
    return found;
}

// A new file in the folder, whose name nobody else has. Nobody may open it who may not open what it
// becomes: so it has no more permissions than that from the start.
std::pair<descriptor, std::string> make_beside(const std::string& target,
                                               std::optional<mode_t> permissions) {
    const place where = split(target);
    random_source dice(random_seed());
    for (int tries = 0;; ++tries) {
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(dice.next() >> 32U));
        std::string path = where.folder + "/." + where.name + "." + digits + ".tmp";
        descriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               permissions.value_or(0666) & 0777U));
        if (made) return {std::move(made), std::move(path)};
        constexpr int most = 100;
        if (errno != EEXIST || tries == most) throw io_error("make a file beside", target, errno);
    }
}

// What `open` did not do: the old one's owner, and the permissions that the umask or the change of
// the owner took away.
void take_over_status(int fd, const old_file& old, std::optional<mode_t> permissions) {
    const char* const verb = "set the permissions of the file beside";
    struct stat now{};
    checked(verb, old.path, [&] { return ::fstat(fd, &now); });
    const bool other_owner =
        old.status && (old.status->st_uid != now.st_uid || old.status->st_gid != now.st_gid);
    // Only root may give files away: then it is as if this user had written it anew.
    if (other_owner) static_cast<void>(::fchown(fd, old.status->st_uid, old.status->st_gid) == 0);
    if (!permissions || (!other_owner && (now.st_mode & 07777U) == *permissions)) return;
    checked(verb, old.path, [&] { return ::fchmod(fd, *permissions); });
}

}  // namespace

file_replacement::file_replacement(std::string target, file content, bool sync) noexcept
    : target_(std::move(target)), content_(std::move(content)), sync_(sync) {}

file_replacement::file_replacement(file_replacement&& other) noexcept
    : target_(std::move(other.target_)),
      content_(std::move(other.content_)),
      sync_(other.sync_),
      there_(std::exchange(other.there_, false)) {}

file_replacement& file_replacement::operator=(file_replacement&& other) noexcept {
    if (this == &other) return *this;
    discard();
    target_ = std::move(other.target_);
    content_ = std::move(other.content_);
    sync_ = other.sync_;
    there_ = std::exchange(other.there_, false);
    return *this;
}

void file_replacement::discard() noexcept {
    if (std::exchange(there_, false)) ::unlink(content_.path().c_str());
}

file_replacement file_replacement::begin_now(const std::string& path, replace_options options) {
    const old_file old = find_old(path);
    std::optional<mode_t> permissions = options.permissions;
    if (!permissions && old.status) permissions = old.status->st_mode & 07777U;
    auto [made, beside] = make_beside(old.path, permissions);
    const int fd = made.get();
    file_replacement one(old.path, file(std::move(made), std::move(beside)), options.sync);
    take_over_status(fd, old, permissions);
    return one;
}

void file_replacement::commit_now() {
    const std::string& beside = content_.path();
    if (sync_) checked("sync", beside, [&] { return ::fsync(content_.native_handle()); });
    checked("put a new file in the place of", target_,
            [&] { return ::rename(beside.c_str(), target_.c_str()); });
    there_ = false;
    if (sync_) detail::sync_folder_now(split(target_).folder);
}

task<file_replacement> file_replacement::begin(std::string path, replace_options options) {
    co_return co_await blocking([&] { return begin_now(path, options); });
}

task<> file_replacement::commit() {
    co_await blocking([this] { commit_now(); });
}

task<> replace_file(std::string path, std::string content, replace_options options) {
    std::optional<file_replacement> next;
    const auto bytes = std::as_bytes(std::span(content));
    const auto first = bytes.first(std::min(bytes.size(), detail::file_step));
    const auto rest = bytes.subspan(first.size());
    // A small one in one go.
    co_await blocking([&] {
        next = file_replacement::begin_now(path, options);
        detail::write_now(next->content().native_handle(), next->content().path(), first);
        if (rest.empty()) next->commit_now();
    });
    if (rest.empty()) co_return;
    co_await next->content().write_all(rest);
    co_await next->commit();
}

}  // namespace twill::inline TWILL_ABI
