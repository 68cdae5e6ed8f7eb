// What is in a folder, and below it.
//
//     twill::directory_walker walk("src");
//     while (auto entry = co_await walk.next()) {
//         if (entry->error) complain(*entry);
//         if (entry->kind == twill::file_kind::regular) use(entry->path);
//         if (entry->name() == ".git") walk.skip();     // does not go into it
//     }
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace twill::inline TWILL_ABI {

struct directory_entry {
    std::string path;  // the walker's root, and from there on
    file_kind kind = file_kind::unknown;
    unsigned depth = 0;  // 1: in the root itself
    // Why a folder could not be read (its entry was given before, without), or, with
    // `walk_options::status`, a status not be had.
    std::error_code error;
    // When it was asked for.
    std::optional<file_status> status;

    // The last part of the path.
    [[nodiscard]] std::string_view name() const noexcept {
        return std::string_view(path).substr(path.rfind('/') + 1);
    }
};

struct walk_options {
    // How far down; 1: only what is in the root itself.
    unsigned max_depth = UINT32_MAX;
    // Whether each entry has its status, for a system call each.
    bool status = false;
};

namespace detail {
class open_folder;
}

// Walks what is below its root, which it does not give: a folder after the other, its entries
// before what is below them, in no order beyond that. Symbolic links are given and never followed
// (but the root may be one). Streamed: it keeps the entries of one batch (some hundreds) and the
// names of the folders it has yet to read, and has one folder open. What is made or removed
// meanwhile may be seen or not. Movable. One task at a time.
class TWILL_API directory_walker {
public:
    explicit directory_walker(std::string root, walk_options options = {});

    // The next entry; nothing when all were given. Throws io_error when the root cannot be read;
    // what goes wrong below is in `directory_entry::error`, and the walk goes on. Cancelled: at
    // once, while it waits for a thread; nothing is lost.
    [[nodiscard]] task<std::optional<directory_entry>> next();

    // Does not go into the folder that was the last entry.
    void skip() noexcept;

    directory_walker(directory_walker&&) noexcept;
    directory_walker& operator=(directory_walker&&) noexcept;
    ~directory_walker();

private:
    struct folder {
        std::string path;
        unsigned depth;
    };
    void read_batch();

    walk_options options_;
    std::vector<folder> to_read_;  // the last one first
    std::unique_ptr<detail::open_folder> open_;
    std::deque<directory_entry> batch_;
    bool can_skip_ = false;
};

}  // namespace twill::inline TWILL_ABI
