// Writing a file so that everybody sees the old content or the new, and never part of either,
// whatever happens in between: a failure, a full disk, a cancellation, a power cut.
//
//     co_await twill::replace_file("settings.json", text);
//
//     auto next = co_await twill::file_replacement::begin("table.bin");    // of any length
//     co_await next.content().write_all(rows);
//     co_await next.commit();                              // without it, all stays as it was
//
// The content is written to a file beside the old one, reaches the disk, and takes the old one's
// name; then the folder reaches the disk, too.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/file.hpp>

#include <sys/types.h>

#include <optional>
#include <string>

namespace twill::inline TWILL_ABI {

namespace detail {
class file_copying;
}

struct replace_options {
    // Of the new file. Not set: those of the old one, with its owner as far as that is allowed;
    // 0666 less the umask when there is none.
    std::optional<mode_t> permissions = {};
    // Whether `commit` waits for the disk. Without it a power cut may leave the file empty; no
    // other failure does.
    bool sync = true;
};

// All of it for a text in memory. Throws io_error, and is cancelled, with the old content in place.
[[nodiscard]] TWILL_API task<> replace_file(std::string path, std::string content,
                                            replace_options options = {});

// A file that is going to take another one's name. One that goes before `commit` has ended well is
// removed; a program that is killed leaves it, as ".NAME.xxxxxxxx.tmp". Movable.
class TWILL_API file_replacement {
public:
    // `path`: may be a symbolic link; the file that it leads to is replaced then. Throws io_error:
    // EACCES when the folder cannot be written.
    [[nodiscard]] static task<file_replacement> begin(std::string path,
                                                      replace_options options = {});

    // Where the content goes.
    [[nodiscard]] const file& content() const noexcept { return content_; }

    // Returns when the new content is there for good. Once. Throws io_error: then the old one is
    // still there (but for a failure to sync the folder: a power cut then decides). Cancelled: only
    // before it has begun.
    [[nodiscard]] task<> commit();

    file_replacement(file_replacement&& other) noexcept;
    file_replacement& operator=(file_replacement&& other) noexcept;
    ~file_replacement() { discard(); }

private:
    // Small files are written in one go on one thread.
    friend class detail::file_copying;
    friend task<> replace_file(std::string path, std::string content, replace_options options);

    file_replacement(std::string target, file content, bool sync) noexcept;
    static file_replacement begin_now(const std::string& path, replace_options options);
    void commit_now();
    void discard() noexcept;

    std::string target_;
    file content_;
    bool sync_;
    bool there_ = true;  // under its own name
};

}  // namespace twill::inline TWILL_ABI
