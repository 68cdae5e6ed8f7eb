#include "document.hpp"

#include <twill/runtime/blocked_section.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace search {
namespace {

// So much is read to find out that a file is binary.
constexpr std::size_t first_look = std::size_t{64} << 10;

class open_file {
public:
    explicit open_file(const char* path) noexcept
        : number_(::open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) {}
    ~open_file() {
        if (number_ >= 0) ::close(number_);
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    int number_;
};

// Appends up to `most` bytes; false when they cannot be read.
bool read_more(int from, std::size_t most, std::string& to) {
    const std::size_t before = to.size();
    to.resize(before + most);
    std::size_t got = 0;
    while (got < most) {
        const ssize_t some = ::read(from, to.data() + before + got, most - got);
        if (some == 0 || (some < 0 && errno != EINTR)) {
            to.resize(before + got);
            return some == 0;
        }
        if (some > 0) got += static_cast<std::size_t>(some);
    }
    return true;
}

not_a_document read_text(int from, std::uint64_t size, std::uint64_t largest, std::string& text) {
    if (size > largest) return not_a_document::too_large;
    // One byte more, to see that it has not grown.
    const auto most = static_cast<std::size_t>(size) + 1;
    text.reserve(most);
    while (text.size() < most) {
        const std::size_t before = text.size();
        if (!read_more(from, std::min(most - before, before == 0 ? first_look : most), text))
            return not_a_document::unreadable;
        if (text.find('\0', before) != std::string::npos) return not_a_document::binary;
        if (text.size() == before) break;
        if (before == 0 && text.size() < first_look) break;
    }
    return not_a_document::none;
}

bool is_plain(std::string_view text) noexcept {
    return text.find("\u017F") == std::string_view::npos &&
           text.find("\u212A") == std::string_view::npos;
}

twill::file_time time_of(const timespec& when) {
    return twill::file_time(std::chrono::seconds(when.tv_sec) +
                            std::chrono::nanoseconds(when.tv_nsec));
}

}  // namespace

const document* corpus::find(std::string_view path) const noexcept {
    const auto at = std::ranges::lower_bound(
        documents, path, {}, [](const document_ptr& each) { return std::string_view(each->path); });
    return at != documents.end() && (*at)->path == path ? at->get() : nullptr;
}

loaded load(const std::string& path, std::uint64_t largest, bool keep) {
    const open_file file(path.c_str());
    if (file.number() < 0) {
        const bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENXIO;
        return {nullptr, gone ? not_a_document::no_file : not_a_document::unreadable};
    }
    struct stat about{};
    if (::fstat(file.number(), &about) != 0) return {nullptr, not_a_document::unreadable};
    if (!S_ISREG(about.st_mode)) return {nullptr, not_a_document::no_file};
    auto made = std::make_shared<document>();
    made->path = path;
    made->modified = time_of(about.st_mtim);
    made->number = about.st_ino;
    const auto why =
        read_text(file.number(), static_cast<std::uint64_t>(about.st_size), largest, made->text);
    if (why != not_a_document::none) return {nullptr, why};
    made->size = made->text.size();
    made->plain = is_plain(made->text);
    made->resident = keep;
    if (!keep) std::string().swap(made->text);
    return {std::move(made), not_a_document::none};
}

std::string read_again(const document& which, std::uint64_t largest) {
    const twill::blocked_section waiting;
    const open_file file(which.path.c_str());
    struct stat about{};
    std::string text;
    if (file.number() < 0 || ::fstat(file.number(), &about) != 0 || !S_ISREG(about.st_mode) ||
        read_text(file.number(), static_cast<std::uint64_t>(about.st_size), largest, text) !=
            not_a_document::none)
        return {};
    return text;
}

corpus changed(const corpus& before,
               const std::vector<std::pair<std::string, document_ptr>>& changes,
               const std::vector<std::string>& removed_folders) {
    corpus after;
    after.documents.reserve(before.documents.size() + changes.size());
    const auto add = [&](const document_ptr& one) {
        after.bytes += one->size;
        after.resident_bytes += one->text.size();
        after.documents.push_back(one);
    };
    const auto is_removed = [&](const std::string& path) {
        return std::ranges::any_of(removed_folders, [&](const std::string& folder) {
            return path.size() > folder.size() && path[folder.size()] == '/' &&
                   path.starts_with(folder);
        });
    };
    auto change = changes.begin();
    for (const auto& each : before.documents) {
        for (; change != changes.end() && change->first < each->path; ++change)
            if (change->second) add(change->second);
        if (change != changes.end() && change->first == each->path) {
            if (change->second) add(change->second);
            ++change;
        } else if (!is_removed(each->path)) {
            add(each);
        }
    }
    for (; change != changes.end(); ++change)
        if (change->second) add(change->second);
    return after;
}

}  // namespace search
