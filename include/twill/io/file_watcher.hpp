// What changes in folders and files, as it happens (inotify).
//
//     twill::file_watcher watch;
//     co_await watch.add("src", {.recursive = true});
//     co_await watch.add("/etc/app.conf");                 // also while it does not exist
//     for (;;) {
//         auto change = co_await watch.next();
//         if (change.kind == twill::change_kind::overflow) co_await read_all_again();
//         else use(change.path);
//     }
//
// The kernel tells of what this machine does to the files, not of what others do to a network disk.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/error.hpp>
#include <twill/core/reactor.hpp>
#include <twill/core/task.hpp>
#include <twill/io/detail/descriptor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace twill::inline TWILL_ABI {

enum class change_kind : std::uint8_t {
    created,     // a file, folder, link, ...
    modified,    // something was written (only with watch_options::modified)
    written,     // closed by somebody who had it open for writing
    attributes,  // permissions, times, owner
    removed,
    moved_away,
    moved_here,
    overflow,  // changes came faster than they were asked for, and some are lost: look at all again
    unwatched,  // what was added is gone or moved away, or a folder below could not be watched
};

struct file_change {
    change_kind kind = change_kind::overflow;
    bool is_folder = false;
    // What was added, and from there on; empty for an overflow.
    std::string path = {};
    // The same for the two halves of a move, if both were seen; else 0.
    std::uint32_t move = 0;
    // Why a folder could not be watched.
    std::error_code error = {};
};

struct watch_options {
    // Whether all folders below are watched, too, also those that come later. Links are not
    // followed.
    bool recursive = false;
    // Whether each write is told. Those who read the file want it when it is `written`.
    bool modified = false;
};

// The kernel watches no more for this user. `code()` is ENOSPC or EMFILE; the message names the
// limit and what helps.
class TWILL_API too_many_watches : public io_error {
public:
    too_many_watches(std::string_view path, int error);
};

namespace detail {
class watched_folders;
}

// Thread-safety: one task at a time. Made and destroyed on any thread. The kernel takes
// milliseconds to let go of what was watched; where tasks run, nobody waits for that: a thread that
// is made for it does.
class TWILL_API file_watcher {
public:
    // Throws io_error: EMFILE when descriptors or instances (too_many_watches) are out.
    file_watcher();

    // Watches a folder, or one name in a folder: a file is told of also when it is replaced by
    // another one, or comes only later. From its end on nothing is missed. Throws io_error: ENOENT
    // when there is no such folder; too_many_watches. Cancelled while it waits for a thread:
    // nothing was added.
    [[nodiscard]] task<> add(std::string path, watch_options options = {});

    // The next change. What is found in a folder that was just made or moved here is told as
    // `created`, perhaps twice. After an `overflow` folders that came meanwhile are watched again.
    // Cancelled at once, and nothing is lost. Throws io_error.
    [[nodiscard]] task<file_change> next();

    file_watcher(file_watcher&&) noexcept;
    file_watcher& operator=(file_watcher&&) noexcept;
    ~file_watcher();

private:
    std::unique_ptr<detail::watched_folders> all_;
    io_source source_;
};

}  // namespace twill::inline TWILL_ABI
