#include "twill/demo/corpus.hpp"

#include <twill/core/error.hpp>

#include <unistd.h>
#include <algorithm>
#include <filesystem>

namespace twill_command::demo {

namespace fs = std::filesystem;

corpus collect(const std::string& folder, std::size_t most_bytes) {
    std::error_code why;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, why);
    if (why) throw twill::io_error("read the folder", folder, why);
    corpus found{.folder = folder};
    for (; at != fs::recursive_directory_iterator(); at.increment(why)) {
        if (why) throw twill::io_error("read the folder", folder, why);
        std::error_code skipped;
        if (!at->is_regular_file(skipped) || skipped) continue;
        const auto size = at->file_size(skipped);
        if (skipped || size == 0 || ::access(at->path().c_str(), R_OK) != 0) continue;
        if (found.bytes + size > most_bytes) {
            found.cut = true;
            continue;
        }
        found.paths.push_back(at->path().string());
        found.bytes += size;
    }
    if (found.paths.empty())
        throw twill::usage_error("find files to count words in: " + folder +
                                 " has none that can be read; name a folder with text in it");
    std::sort(found.paths.begin(), found.paths.end());
    return found;
}

std::string default_folder() {
    constexpr std::size_t enough = 1U << 20U;
    for (const char* candidate : {"/usr/include", "/usr/share/doc"}) {
        try {
            if (collect(candidate, enough).bytes >= enough / 2) return candidate;
        } catch (const std::exception&) {
            continue;
        }
    }
    return "/usr/share";
}

}  // namespace twill_command::demo
