#include <twill/io/detail/find_program.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

namespace twill::inline TWILL_ABI {

namespace detail {

namespace {

// An entry of PATH may be relative to where we are now, which is not where the child will be.
std::string made_absolute(std::string path) {
    if (path.front() == '/') return path;
    char here[PATH_MAX];
    if (::getcwd(here, sizeof here) == nullptr) return path;
    return std::string(here) + '/' + path;
}

// 0, or why `path` cannot be executed.
int check_executable(const std::string& path) {
    if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return errno;
    struct stat what{};
    if (::stat(path.c_str(), &what) != 0) return errno;
    return S_ISREG(what.st_mode) ? 0 : EACCES;
}

}  // namespace

program_location find_program(std::string_view name, const char* search_path) {
    if (name.find('/') != std::string_view::npos) return {std::string(name), 0};
    if (name.empty()) return {{}, ENOENT};
    if (search_path == nullptr) search_path = std::getenv("PATH");
    std::string_view rest = search_path != nullptr ? search_path : "/bin:/usr/bin";
    int error = ENOENT;
    for (bool last = false; !last;) {
        const std::size_t colon = rest.find(':');
        std::string candidate(rest.substr(0, colon));
        last = colon == std::string_view::npos;
        if (!last) rest.remove_prefix(colon + 1);
        if (!candidate.empty()) candidate += '/';  // an empty entry is the current directory
        candidate += name;
        const int why = check_executable(candidate);
        if (why == 0) return {made_absolute(std::move(candidate)), 0};
        if (why == EACCES) error = EACCES;
    }
    return {{}, error};
}

}  // namespace detail

}  // namespace twill::inline TWILL_ABI
