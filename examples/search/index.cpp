#include "index.hpp"

#include <twill/async/map.hpp>
#include <twill/core/error.hpp>
#include <twill/core/finally.hpp>
#include <twill/core/sleep.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/directory.hpp>
#include <twill/par/for_each.hpp>
#include <twill/par/sort.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/compute.hpp>

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <unordered_set>
#include <utility>

namespace search {
namespace {

// Files are read so many with one call on the blocking pool, and so many calls at a time.
constexpr std::size_t files_a_call = 64;
constexpr std::size_t calls_at_a_time = 8;

// A storm of changes is taken in by parts of about this size.
constexpr std::size_t most_pending = 1000;

bool lies_in(std::string_view path, std::string_view folder) noexcept {
    return folder == "/" || (path.starts_with(folder) &&
                             (path.size() == folder.size() || path[folder.size()] == '/'));
}

}  // namespace

std::vector<std::string> folders_to_index(const std::vector<std::string>& asked) {
    std::vector<std::string> found;
    for (const auto& each : asked) {
        std::error_code failure;
        const auto path = std::filesystem::canonical(each, failure);
        if (failure) throw std::runtime_error(each + ": " + failure.message());
        // Opening it is what tells whether it is a folder, and may be read.
        const std::filesystem::directory_iterator open(path, failure);
        if (failure) throw std::runtime_error(each + ": " + failure.message());
        found.push_back(path.string());
    }
    std::ranges::sort(found);
    std::vector<std::string> made;
    for (auto& each : found)
        if (std::ranges::none_of(made, [&](const auto& folder) { return lies_in(each, folder); }))
            made.push_back(std::move(each));
    return made;
}

index::index(index_options options) : options_(std::move(options)) {}

void index::report(const std::string& line) const {
    if (options_.report) options_.report(line);
}

// Not below a hidden folder; the folder that was asked for may be one.
bool index::is_wanted(std::string_view path) const noexcept {
    for (const std::string& folder : options_.folders) {
        if (!lies_in(path, folder)) continue;
        if (options_.hidden) return true;
        const auto from = folder == "/" ? 0 : folder.size();
        return path.substr(from).find("/.") == std::string_view::npos;
    }
    return false;
}

twill::task<> index::run() {
    std::optional<twill::file_watcher> changes;
    // The kernel takes a millisecond or more to end the watches.
    co_await twill::finally(run_with(changes), [&]() -> twill::task<> {
        co_await twill::blocking([&] { changes.reset(); });
    });
}

twill::task<> index::run_with(std::optional<twill::file_watcher>& changes) {
    // First: what changes while all is read is then told of.
    if (options_.watch) co_await watch_all(changes);
    co_await look_at_all();
    ready_.set();
    if (statistics_.watching)
        co_await follow(*changes);
    else
        co_await look_again_and_again();
}

twill::task<> index::watch_all(std::optional<twill::file_watcher>& changes) {
    try {
        changes.emplace();
        for (const auto& each : options_.folders) co_await changes->add(each, {.recursive = true});
        statistics_.watching = true;
    } catch (const twill::too_many_watches& failure) {
        report(std::string(failure.what()) + "; until then all files are looked at every " +
               std::to_string(std::chrono::ceil<std::chrono::seconds>(options_.rescan).count()) +
               " s");
    }
}

twill::task<> index::look_again_and_again() {
    for (;;) {
        co_await twill::sleep(options_.rescan);
        co_await look_at_all();
    }
}

twill::task<> index::find_files_in(const std::string& folder, std::vector<file_found>& found) {
    twill::directory_walker walk(folder, {.status = true});
    while (auto entry = co_await walk.next()) {
        if (entry->error) {
            ++statistics_.unreadable;
        } else if (!options_.hidden && entry->name().starts_with('.')) {
            walk.skip();
        } else if (entry->kind == twill::file_kind::regular && entry->status) {
            if (entry->status->size > options_.largest_file)
                ++statistics_.too_large;
            else
                found.push_back(
                    {std::move(entry->path),
                     {entry->status->size, entry->status->modified, entry->status->number}});
        }
    }
}

twill::task<std::vector<index::file_found>> index::find_files() {
    std::vector<file_found> found;
    for (const auto& folder : options_.folders) {
        try {
            co_await find_files_in(folder, found);
        } catch (const twill::io_error& failure) {
            report(failure.what());  // it is gone; it may come back
        }
    }
    co_return found;
}

twill::task<std::vector<loaded>> index::load_all(const std::vector<std::string>& paths) {
    std::vector<loaded> all(paths.size());
    // Texts that would not fit are not kept; how much fits is known only as they are read, by
    // several threads.
    std::atomic<std::uint64_t> kept{corpus_.read()->resident_bytes};
    const auto load_one = [&](std::size_t i) {
        all[i] = load(paths[i], options_.largest_file, kept < options_.memory);
        if (all[i].made) kept += all[i].made->text.size();
        ++statistics_.read;
    };
    if (ready_.is_set()) {
        // Somebody may be searching, and what has just changed is in memory: nothing to wait for,
        // much to copy. So this has the cores when searches leave them.
        co_await twill::compute([&] { twill::par::for_each_index(paths.size(), load_one); },
                                {.priority = twill::priority::background, .name = "read"});
        co_return all;
    }
    const auto load_some = [&](std::size_t part) -> twill::task<> {
        co_await twill::blocking([&, part] {
            const std::size_t end = std::min((part + 1) * files_a_call, paths.size());
            for (std::size_t i = part * files_a_call; i < end; ++i) load_one(i);
        });
    };
    co_await twill::map(
        std::views::iota(std::size_t{0}, (paths.size() + files_a_call - 1) / files_a_call),
        load_some, {.limit = calls_at_a_time});
    co_return all;
}

// What is linear in the number of files is done beside the event thread. Nobody else publishes.
twill::task<> index::publish(std::vector<std::string> paths, std::vector<loaded> read,
                             std::vector<std::string> gone, std::vector<std::string> gone_folders) {
    co_await twill::compute(
        [&] {
            std::vector<std::pair<std::string, document_ptr>> changes;
            changes.reserve(paths.size() + gone.size());
            for (std::size_t i = 0; i < paths.size(); ++i)
                changes.emplace_back(std::move(paths[i]), std::move(read[i].made));
            for (auto& each : gone) changes.emplace_back(std::move(each), nullptr);
            twill::par::sort(changes, {}, &std::pair<std::string, document_ptr>::first);
            corpus_.set(changed(*corpus_.read(), changes, gone_folders));
        },
        {.priority = twill::priority::background, .name = "index"});
    ++statistics_.updates;
}

twill::task<> index::look_at_all() {
    statistics_.too_large = statistics_.unreadable = 0;
    auto files = co_await find_files();
    std::vector<std::string> to_read;
    std::vector<version> versions;  // of those
    std::vector<std::string> gone;
    std::unordered_map<std::string, version> binary;
    bool differs = false;
    co_await twill::compute(
        [&] {
            const auto here = std::move(files);  // and they go here
            const auto skipped_before = std::move(binary_);
            std::unordered_set<std::string_view> found;
            const auto before = corpus_.read();
            for (const auto& each : here) {
                found.insert(each.path);
                const document* const known = before->find(each.path);
                if (known != nullptr &&
                    each.now == version{known->size, known->modified, known->number})
                    continue;
                const auto skipped = skipped_before.find(each.path);
                if (skipped != skipped_before.end() && skipped->second == each.now) {
                    binary.emplace(each.path, each.now);
                    continue;
                }
                differs = differs || known != nullptr;
                to_read.push_back(each.path);
                versions.push_back(each.now);
            }
            for (const auto& each : before->documents)
                if (!found.contains(each->path)) gone.push_back(each->path);
            differs = differs || !gone.empty();
        },
        {.priority = twill::priority::background, .name = "index"});
    auto read = co_await load_all(to_read);
    for (std::size_t i = 0; i < read.size(); ++i) {
        // With the version from before it was read: if it has changed since, it is read again.
        if (read[i].why == not_a_document::binary) binary.emplace(to_read[i], versions[i]);
        if (read[i].why == not_a_document::unreadable) ++statistics_.unreadable;
        differs = differs || read[i].made != nullptr;
    }
    statistics_.binary = binary.size();
    binary_ = std::move(binary);
    if (differs) co_await publish(std::move(to_read), std::move(read), std::move(gone), {});
    ++statistics_.scans;
}

void index::note(const twill::file_change& change, pending& into) {
    using twill::change_kind;
    if (change.kind == change_kind::overflow) {
        ++statistics_.lost;
        into.all = true;
        return;
    }
    if (change.kind == change_kind::unwatched) {
        if (change.error) {
            report(
                change.path + " cannot be watched: " + change.error.message() +
                "; all files are looked at every " +
                std::to_string(std::chrono::ceil<std::chrono::seconds>(options_.rescan).count()) +
                " s");
            statistics_.watching = false;
        } else {
            report(change.path + " is gone");
        }
        into.all = true;
        return;
    }
    if (!is_wanted(change.path)) return;
    ++statistics_.changes;
    const bool gone = change.kind == change_kind::removed || change.kind == change_kind::moved_away;
    if (!change.is_folder)
        into.paths.insert(change.path);
    else if (gone)
        into.gone_folders.insert(change.path);
}

twill::task<> index::follow(twill::file_watcher& changes) {
    while (statistics_.watching) {
        pending some;
        note(co_await changes.next(), some);
        // What comes together is taken in together.
        const auto until = twill::after(twill::now(), options_.gather);
        try {
            while (some.paths.size() < most_pending)
                note(co_await twill::with_deadline(until, changes.next()), some);
        } catch (const twill::timed_out&) {
            // Nothing more came in that time: what has come is taken in.
        }
        co_await take_in(std::move(some));
    }
    co_await look_again_and_again();
}

twill::task<> index::take_in(pending changes) {
    if (changes.all) {
        co_await look_at_all();
        co_return;
    }
    std::vector<std::string> paths(changes.paths.begin(), changes.paths.end());
    auto read = co_await load_all(paths);
    if (paths.empty() && changes.gone_folders.empty()) co_return;
    co_await publish(std::move(paths), std::move(read), {},
                     {changes.gone_folders.begin(), changes.gone_folders.end()});
}

}  // namespace search
