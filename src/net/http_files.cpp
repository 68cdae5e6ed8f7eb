#include "http_conditions.hpp"
#include "http_date.hpp"
#include "http_range.hpp"
#include "open_beneath.hpp"

#include <twill/core/error.hpp>
#include <twill/core/time.hpp>
#include <twill/io/detail/descriptor.hpp>
#include <twill/io/file.hpp>
#include <twill/net/http_files.hpp>
#include <twill/runtime/blocking.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::http {
namespace {

using detail::descriptor;
using detail::http_range;

constexpr std::array types = {
    std::pair{std::string_view("css"), std::string_view("text/css; charset=utf-8")},
    std::pair{std::string_view("csv"), std::string_view("text/csv; charset=utf-8")},
    std::pair{std::string_view("gif"), std::string_view("image/gif")},
    std::pair{std::string_view("htm"), std::string_view("text/html; charset=utf-8")},
    std::pair{std::string_view("html"), std::string_view("text/html; charset=utf-8")},
    std::pair{std::string_view("ico"), std::string_view("image/x-icon")},
    std::pair{std::string_view("jpeg"), std::string_view("image/jpeg")},
    std::pair{std::string_view("jpg"), std::string_view("image/jpeg")},
    std::pair{std::string_view("js"), std::string_view("text/javascript; charset=utf-8")},
    std::pair{std::string_view("json"), std::string_view("application/json")},
    std::pair{std::string_view("md"), std::string_view("text/markdown; charset=utf-8")},
    std::pair{std::string_view("mjs"), std::string_view("text/javascript; charset=utf-8")},
    std::pair{std::string_view("mp4"), std::string_view("video/mp4")},
    std::pair{std::string_view("pdf"), std::string_view("application/pdf")},
    std::pair{std::string_view("png"), std::string_view("image/png")},
    std::pair{std::string_view("svg"), std::string_view("image/svg+xml")},
    std::pair{std::string_view("txt"), std::string_view("text/plain; charset=utf-8")},
    std::pair{std::string_view("wasm"), std::string_view("application/wasm")},
    std::pair{std::string_view("webp"), std::string_view("image/webp")},
    std::pair{std::string_view("woff2"), std::string_view("font/woff2")},
    std::pair{std::string_view("xml"), std::string_view("application/xml")},
};

struct opened {
    descriptor file;
    struct stat state{};
    int error = 0;
};

// On the blocking pool.
opened open_below(int folder, const std::string& path) {
    opened made;
    made.file = detail::open_beneath(folder, path);
    if (!made.file || ::fstat(made.file.get(), &made.state) != 0) made.error = errno;
    return made;
}

std::string etag_of(const struct stat& state) {
    std::string tag = "\"";
    for (const auto number :
         {static_cast<std::uint64_t>(state.st_ino), static_cast<std::uint64_t>(state.st_size),
          static_cast<std::uint64_t>(state.st_mtim.tv_sec) * 1'000'000'000U +
              static_cast<std::uint64_t>(state.st_mtim.tv_nsec)}) {
        char digits[20];
        const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
        tag.append(digits, end) += '-';
    }
    tag.back() = '"';
    return tag;
}

bool is_hidden(std::string_view path) noexcept {
    return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

bool is_absent(int why) noexcept {
    // EXDEV: it leads out of the folder. ENXIO, EOPNOTSUPP: a socket or the like.
    return why == ENOENT || why == ENOTDIR || why == EXDEV || why == ELOOP || why == ENAMETOOLONG ||
           why == EINVAL || why == ENXIO || why == EOPNOTSUPP;
}

}  // namespace

std::string_view content_type(std::string_view name) noexcept {
    const auto dot = name.rfind('.');
    if (dot != std::string_view::npos)
        for (const auto& [ending, type] : types)
            if (same_name(name.substr(dot + 1), ending)) return type;
    return "application/octet-stream";
}

struct files::parts {
    descriptor folder;
    file_options options;

    [[nodiscard]] task<> send(exchange& x, opened& found, std::string_view name) const;
    [[nodiscard]] task<> send_content(exchange& x, opened& found, std::string_view name,
                                      bool may_be_part) const;
};

files::files(const std::string& folder, file_options options) {
    descriptor handle(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!handle) throw io_error("open the folder", folder, errno);
    parts_ = std::make_shared<const parts>(std::move(handle), std::move(options));
}

task<> files::operator()(exchange& x) const {
    const auto keep = parts_;
    const auto method = x.request().method();
    if (method != "GET" && method != "HEAD") throw error(405).with("Allow", "GET,HEAD");
    std::string path;
    if (x.has_parameter("path")) {
        path = x.parameter("path");
    } else {
        auto plain = percent_decoded(x.request().path());
        if (!plain) throw error(400, "the path is badly encoded");
        path = plain->substr(plain->find_first_not_of('/') == std::string::npos
                                 ? plain->size()
                                 : plain->find_first_not_of('/'));
    }
    // A NUL would end the path for the kernel, and here not.
    if (path.find('\0') != std::string::npos || path.starts_with('/') ||
        (!keep->options.hidden && is_hidden(path)))
        throw error(404);
    const bool as_folder = path.empty() || path.ends_with('/');
    if (as_folder) path += keep->options.index;
    auto found = co_await blocking([&] { return open_below(keep->folder.get(), path); });
    if (found.error == 0 && S_ISDIR(found.state.st_mode) && !as_folder) {
        // So that links within it lead to where they should.
        // "//name/" would be another host.
        const auto asked = x.request().path();
        const auto begin = std::min(asked.find_first_not_of('/'), asked.size());
        const auto target = '/' + std::string(asked.substr(begin)) + '/';
        co_await x.set("Location", target).respond(301, "it is a folder\n");
        co_return;
    }
    if (found.error == EACCES || found.error == EPERM) throw error(403);
    if (is_absent(found.error) || (found.error == 0 && !S_ISREG(found.state.st_mode)))
        throw error(404);
    if (found.error != 0) throw io_error("open", path, found.error);
    co_await keep->send(x, found, path);
}

task<> files::parts::send(exchange& x, opened& found, std::string_view name) const {
    const auto tag = etag_of(found.state);
    const std::time_t now = std::chrono::system_clock::to_time_t(wall_now());
    // Of a file from the future, as clocks that are set make them, the date says nothing.
    const detail::http_validators have{tag, std::min(found.state.st_mtim.tv_sec, now), now};
    x.set("ETag", tag).set("Last-Modified", detail::http_date(have.modified));
    if (!options.cache_control.empty()) x.set("Cache-Control", options.cache_control);
    switch (detail::condition_of(x.request(), have)) {
        case detail::http_condition::unchanged:
            co_await x.respond(304);
            break;
        case detail::http_condition::failed:
            co_await x.respond(412);
            break;
        case detail::http_condition::met:
            co_await send_content(x, found, name, detail::may_give_part(x.request(), have));
    }
}

task<> files::parts::send_content(exchange& x, opened& found, std::string_view name,
                                  bool may_be_part) const {
    const auto size = static_cast<std::uint64_t>(found.state.st_size);
    http_range range{http_range::kind::whole, 0, size};
    // Ranges are of GET alone (RFC 9110, 14.2).
    if (may_be_part && x.request().method() == "GET")
        range = detail::parse_range(x.request().header("Range"), size);
    x.set("Accept-Ranges", "bytes");
    if (range.is == http_range::kind::outside) {
        co_await x.set("Content-Range", "bytes */" + std::to_string(size)).respond(416);
        co_return;
    }
    const bool part = range.is == http_range::kind::part;
    if (part)
        x.set("Content-Range", "bytes " + std::to_string(range.begin) + '-' +
                                   std::to_string(range.begin + range.size - 1) + '/' +
                                   std::to_string(size));
    x.set("Content-Type", content_type(name));
    x.begin(part ? 206 : 200, range.size);
    if (x.request().method() == "HEAD") co_return;
    const file content(std::move(found.file), std::string(name));
    co_await x.write_file(content, range.begin, range.size);
}

}  // namespace twill::inline TWILL_ABI::http
