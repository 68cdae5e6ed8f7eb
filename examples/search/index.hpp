// Keeps the corpus as the files are: reads all of them once, then what the kernel says has changed;
// where it cannot say so, looks at all of them from time to time.
#pragma once

#include "document.hpp"

#include <twill/async/manual_reset_event.hpp>
#include <twill/async/snapshot.hpp>
#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/io/file_watcher.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace search {

struct index_options {
    // Absolute paths of folders, none below another one: see `folders_to_index`.
    std::vector<std::string> folders;
    // Files and folders whose names begin with a dot are looked at, too.
    bool hidden = false;
    std::uint64_t largest_file = std::uint64_t{16} << 20;
    // Texts that are kept in memory, all in all.
    std::uint64_t memory = std::uint64_t{1} << 30;
    // Changes that come within so long are taken in together.
    twill::duration gather = std::chrono::milliseconds(100);
    // How often all is looked at where changes cannot be watched.
    twill::duration rescan = std::chrono::seconds(30);
    // Whether changes are watched at all.
    bool watch = true;
    // Takes what an operator should know, a line each.
    std::function<void(std::string_view)> report = {};
};

// What is indexed when these are asked for: their real paths, in order, without those that lie in
// others. Blocks. Throws std::runtime_error, which names it, for what is no folder that can be
// read.
[[nodiscard]] std::vector<std::string> folders_to_index(const std::vector<std::string>& asked);

struct index_statistics {
    std::atomic<std::uint64_t> binary{0};     // files that are no texts
    std::atomic<std::uint64_t> too_large{0};  // and so on: at the last look at all of them
    std::atomic<std::uint64_t> unreadable{0};
    std::atomic<std::uint64_t> changes{0};  // files and folders that changed
    std::atomic<std::uint64_t> updates{0};  // of the corpus
    std::atomic<std::uint64_t> scans{0};    // of all files
    std::atomic<std::uint64_t> read{0};     // files, so far
    std::atomic<std::uint64_t> lost{0};     // how often changes came faster than they were taken
    std::atomic<bool> watching{false};
};

class index {
public:
    explicit index(index_options options);

    // Indexes, and then follows the changes until it is cancelled. Once.
    [[nodiscard]] twill::task<> run();

    // Set when all was read once.
    [[nodiscard]] twill::manual_reset_event& ready() noexcept { return ready_; }

    // As it is now; what is held stays as it is. Empty until it is ready. Any thread.
    [[nodiscard]] twill::snapshot_view<corpus> read() const { return corpus_.read(); }

    [[nodiscard]] const index_statistics& statistics() const noexcept { return statistics_; }
    [[nodiscard]] const index_options& options() const noexcept { return options_; }

private:
    // As long as these are the same, so is what is in a file.
    struct version {
        std::uint64_t size = 0;
        twill::file_time modified;
        ino_t number = 0;
        bool operator==(const version&) const = default;
    };
    struct file_found {
        std::string path;
        version now;
    };
    // What is known to have changed and not yet taken in.
    struct pending {
        std::set<std::string> paths;
        std::set<std::string> gone_folders;
        bool all = false;
    };

    [[nodiscard]] twill::task<> run_with(std::optional<twill::file_watcher>& changes);
    [[nodiscard]] twill::task<> watch_all(std::optional<twill::file_watcher>& changes);
    [[nodiscard]] twill::task<> look_at_all();
    [[nodiscard]] twill::task<> find_files_in(const std::string& folder,
                                              std::vector<file_found>& found);
    [[nodiscard]] twill::task<std::vector<file_found>> find_files();
    [[nodiscard]] twill::task<std::vector<loaded>> load_all(const std::vector<std::string>& paths);
    [[nodiscard]] twill::task<> publish(std::vector<std::string> paths, std::vector<loaded> read,
                                        std::vector<std::string> gone,
                                        std::vector<std::string> gone_folders);
    [[nodiscard]] twill::task<> take_in(pending changes);
    [[nodiscard]] twill::task<> follow(twill::file_watcher& changes);
    [[nodiscard]] twill::task<> look_again_and_again();
    void note(const twill::file_change& change, pending& into);
    [[nodiscard]] bool is_wanted(std::string_view path) const noexcept;
    void report(const std::string& line) const;

    index_options options_;
    index_statistics statistics_;
    twill::snapshot<corpus> corpus_;
    // Files that were no texts when they were looked at last, so that nobody reads them at each
    // look at all. Of the one task that looks.
    std::unordered_map<std::string, version> binary_;
    twill::manual_reset_event ready_;
};

}  // namespace search
