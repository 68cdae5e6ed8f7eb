#include <twill/core/random.hpp>
#include <twill/io/replace_file.hpp>

#include "io/file_calls.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <memory>
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

// Where a link leads, as long as that exists; else the path itself.
std::string followed(const std::string& path) {
    const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
    return real ? std::string(real.get()) : path;
}

// A new file in the folder, whose name nobody else has.
std::pair<descriptor, std::string> make_beside(const std::string& target) {
    const place where = split(target);
    random_source dice(random_seed());
    for (int tries = 0;; ++tries) {
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(dice.next() >> 32U));
        std::string path = where.folder + "/." + where.name + "." + digits + ".tmp";
        descriptor made(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t{0666}));
        if (made) return {std::move(made), std::move(path)};
        constexpr int most = 100;
        if (errno != EEXIST || tries == most) throw io_error("make a file beside", target, errno);
    }
}

void take_over_status(int fd, const std::string& target, std::optional<mode_t> permissions) {
    struct stat old{};
    const bool exists = ::stat(target.c_str(), &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) throw io_error("replace", target, EINVAL);
    // Only root may give files away: then it is as if this user had written it anew.
    if (exists) static_cast<void>(::fchown(fd, old.st_uid, old.st_gid) == 0);
    if (!permissions && !exists) return;
    const mode_t wanted = permissions.value_or(old.st_mode & 07777U);
    checked("set the permissions of the file beside", target, [&] { return ::fchmod(fd, wanted); });
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

task<file_replacement> file_replacement::begin(std::string path, replace_options options) {
    co_return co_await blocking([&] {
        std::string target = followed(path);
        auto [made, beside] = make_beside(target);
        const int fd = made.get();
        file_replacement one(std::move(target), file(std::move(made), std::move(beside)),
                             options.sync);
        take_over_status(fd, one.target_, options.permissions);
        return one;
    });
}

task<> file_replacement::commit() {
    co_await blocking([this] {
        const std::string& beside = content_.path();
        if (sync_) checked("sync", beside, [&] { return ::fsync(content_.native_handle()); });
        checked("put a new file in the place of", target_,
                [&] { return ::rename(beside.c_str(), target_.c_str()); });
        there_ = false;
        if (sync_) detail::sync_folder_now(split(target_).folder);
    });
}

task<> replace_file(std::string path, std::string content, replace_options options) {
    auto next = co_await file_replacement::begin(std::move(path), options);
    co_await next.content().write_all(content);
    co_await next.commit();
}

}  // namespace twill::inline TWILL_ABI
