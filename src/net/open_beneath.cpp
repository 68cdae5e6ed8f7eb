#include "open_beneath.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::detail {
namespace {

constexpr int to_read = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class descent {
public:
    descent(int folder, std::string path) : root_(folder), left_(std::move(path)) {}

    descriptor open() {
        while (!left_.empty()) {
            const auto slash = left_.find('/');
            const std::string part = left_.substr(0, slash);
            const bool is_last = slash == std::string::npos;
            left_.erase(0, is_last ? slash : slash + 1);
            if (part == "..") {
                if (passed_.empty()) return refused(EXDEV);
                passed_.pop_back();
            } else if (!part.empty() && part != ".") {
                descriptor next(
                    ::openat(here(), part.c_str(),
                             O_NOFOLLOW | (is_last ? to_read : O_PATH | O_DIRECTORY | O_CLOEXEC)));
                if (next && is_last) return next;
                if (next)
                    passed_.push_back(std::move(next));
                else if (!follow(part, is_last))
                    return {};
            }
        }
        return descriptor(::openat(here(), ".", to_read | O_DIRECTORY));
    }

private:
    [[nodiscard]] int here() const noexcept {
        return passed_.empty() ? root_ : passed_.back().get();
    }

    static descriptor refused(int why) noexcept {
        errno = why;
        return {};
    }

    // What could not be opened: where it is a link, its target takes its place in the path. False,
    // with errno, where it is not.
    bool follow(const std::string& part, bool is_last) {
        const int why = errno;
        constexpr int most_links = 40;
        if (why != ELOOP && why != ENOTDIR) return false;
        std::array<char, PATH_MAX> target;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        const ssize_t size = ::readlinkat(here(), part.c_str(), target.data(), target.size());
        errno = why;
        if (size < 0) return false;
        if (size == 0 || target[0] == '/' || ++links_ > most_links) {
            errno = size != 0 && target[0] == '/' ? EXDEV : ELOOP;
            return false;
        }
        const std::string_view leads(target.data(), static_cast<std::size_t>(size));
        left_ = std::string(leads) + (is_last ? "" : "/" + left_);
        return true;
    }

    int root_;
    std::string left_;
    std::vector<descriptor> passed_;  // each of them below the one before
    int links_ = 0;
};

}  // namespace

descriptor open_beneath(int folder, const std::string& path) {
    open_how how{};
    how.flags = to_read;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    descriptor made(static_cast<int>(
        ::syscall(SYS_openat2, folder, path.empty() ? "." : path.c_str(), &how, sizeof how)));
    // EPERM: a sandbox; it is no answer of openat2's to what is asked here. EAGAIN: ".." while
    // something was renamed. E2BIG: a kernel that knows less of it.
    if (made || (errno != ENOSYS && errno != EPERM && errno != EAGAIN && errno != E2BIG))
        return made;
    return descent(folder, path).open();
}

}  // namespace twill::inline TWILL_ABI::detail
