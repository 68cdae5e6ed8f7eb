// http::files: answers with the files of a folder.
//
//     twill::http::router routes;
//     routes.on("GET", "/static/{path...}", twill::http::files("public"));
//     s.spawn(&twill::http::server::serve, &server, twill::http::files("public"));   // or all of
//     it
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/net/http_exchange.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace twill::inline TWILL_ABI::http {

struct file_options {
    // What a folder is answered with; empty: 404.
    std::string index = "index.html";
    // The field Cache-Control of each file; empty: none.
    std::string cache_control = {};
    // Whether files and folders whose names begin with a dot are shown.
    bool hidden = false;
};

// A handler, copyable. The file is the route's parameter `path` if there is one, else the path of
// the request. GET and HEAD; others get 405.
//
// Nothing outside of the folder is given out: the kernel itself refuses paths that lead out of it,
// by ".." or by a symbolic link (openat2, RESOLVE_BENEATH); where it is too old or a sandbox
// forbids the call, each part of a path is opened by itself, to the same end. Only regular files
// are.
//
// A response has an ETag, made from the file's inode, size and time, and Last-Modified. What a
// client has already gives 304, by If-None-Match or, without that, If-Modified-Since; what is not
// the one that it means 412, by If-Match or If-Unmodified-Since. A Range (one, of GET) gives 206 or
// 416, unless If-Range names another ETag or another date. Files are opened on the blocking pool.
// What is long is sent by the kernel over plain TCP (sendfile), else read 256 KiB at a time.
class TWILL_API files {
public:
    // Throws io_error when the folder cannot be opened.
    explicit files(const std::string& folder, file_options options = {});

    [[nodiscard]] task<> operator()(exchange& x) const;

private:
    struct parts;
    std::shared_ptr<const parts> parts_;
};

// What a file of that name is, by its ending: "text/html; charset=utf-8".
[[nodiscard]] TWILL_API std::string_view content_type(std::string_view name) noexcept;

}  // namespace twill::inline TWILL_ABI::http
