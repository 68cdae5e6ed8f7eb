// A watch belongs to a folder, whatever its name becomes; the names here are those that it had when
// it was added. So when a folder moves, its watches and those below it are dropped, and where it
// arrives they are made anew.
//
// A folder may have got entries before its watch was made. So it is read after that, and what is
// there is told as created: an entry is seen by the watch, by the reading, or by both.
#include <twill/io/file_watcher.hpp>

#include "io/file_calls.hpp"
#include "io/slow_close.hpp"

#include <twill/io/detail/stream_operations.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <array>
#include <cstring>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI {

namespace detail {
namespace {

constexpr std::uint32_t always = IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE |
                                 IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

// What the watch of a folder is for.
struct watched_folder {
    std::string path;
    bool is_root = false;   // was added as such
    bool is_whole = false;  // all in it is told, else only `names`
    bool recursive = false;
    bool modified = false;
    std::set<std::string> names = {};
};

struct to_watch {
    watched_folder what;
    // What is found in it is old.
    bool silently = false;
};

std::string below(const std::string& folder, std::string_view name) {
    std::string path = folder;
    if (!path.ends_with('/')) path += '/';
    return path.append(name);
}

bool is_folder(const std::string& path, int (*ask)(const char*, struct stat*)) noexcept {
    struct stat about{};
    return ask(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

change_kind kind_of(std::uint32_t mask) noexcept {
    if ((mask & IN_CREATE) != 0) return change_kind::created;
    if ((mask & IN_MODIFY) != 0) return change_kind::modified;
    if ((mask & IN_CLOSE_WRITE) != 0) return change_kind::written;
    if ((mask & IN_ATTRIB) != 0) return change_kind::attributes;
    if ((mask & IN_DELETE) != 0) return change_kind::removed;
    if ((mask & IN_MOVED_FROM) != 0) return change_kind::moved_away;
    return change_kind::moved_here;
}

}  // namespace

class watched_folders {
public:
    watched_folders() {
        // Those that others are closing still count.
        constexpr int most = 20;
        for (int tries = 0; tries < most; ++tries) {
            const std::uint32_t closes = slow_closes();
            instance_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
            if (instance_) return;
            if (errno != EMFILE || closes == 0) break;
            wait_for_slow_close(closes);
            errno = EMFILE;
        }
        if (errno == EMFILE) throw too_many_watches("", errno);
        throw io_error("make", "an inotify instance", errno);
    }
    ~watched_folders() {
        if (!folders_.empty()) close_slowly(std::move(instance_));
    }
    watched_folders(const watched_folders&) = delete;
    watched_folders& operator=(const watched_folders&) = delete;
    [[nodiscard]] int descriptor() const noexcept { return instance_.get(); }

    // On the blocking pool.
    void add(const std::string& path, const watch_options& options) {
        const auto slash = path.rfind('/');
        if (path.empty()) throw io_error("watch", "a path that is empty", ENOENT);
        if (is_folder(path, &::stat) || slash + 1 == path.size()) {
            watch({.path = path,
                   .is_root = true,
                   .is_whole = true,
                   .recursive = options.recursive,
                   .modified = options.modified},
                  is_first::yes, true);
            return;
        }
        const std::string folder = slash == std::string::npos ? "."
                                   : slash == 0               ? "/"
                                                              : path.substr(0, slash);
        watched_folder one{.path = folder, .is_root = true, .modified = options.modified};
        one.names.insert(path.substr(slash + 1));
        // Names in "." are told without it, as they were given.
        if (slash == std::string::npos) one.path.clear();
        watch(one, is_first::yes, true);
    }

    // Takes what the kernel wrote. On the event thread.
    void take(std::span<const std::byte> events) {
        while (!events.empty()) {
            inotify_event event{};
            std::memcpy(&event, events.data(), sizeof event);
            const auto* const name = reinterpret_cast<const char*>(events.data()) + sizeof event;
            take_one(event, event.len > 0 ? std::string_view(name) : std::string_view());
            events = events.subspan(sizeof event + event.len);
        }
    }

    [[nodiscard]] bool has_change() const noexcept { return !changes_.empty(); }
    file_change next() {
        file_change one = std::move(changes_.front());
        changes_.pop_front();
        return one;
    }

    // Whether folders are to be watched, by `watch_new` on the blocking pool.
    [[nodiscard]] bool has_new() const noexcept { return !new_.empty(); }
    void watch_new() {
        const to_watch one = std::move(new_.back());
        new_.pop_back();
        watch(one.what, is_first::no, one.silently);
    }

private:
    // The first time an error is thrown; later it is told.
    enum class is_first : bool { no, yes };

    // Watches a folder, and, where it is recursive, what is below. Tells what is found there,
    // unless it is done `silently`.
    void watch(const watched_folder& root, is_first first, bool silently) {
        std::vector<watched_folder> all = {root};
        while (!all.empty()) {
            const watched_folder one = std::move(all.back());
            all.pop_back();
            const int error = make_watch(one);
            if (error != 0 && first == is_first::yes) refuse(one.path, error);
            first = is_first::no;
            // One that is gone again is told of by its own folder.
            if (error != 0 && error != ENOENT && error != ENOTDIR) tell_unwatched(one.path, error);
            if (error == 0 && one.is_whole && (one.recursive || !silently))
                read(one, silently, all);
        }
    }

    int make_watch(const watched_folder& one) {
        std::uint32_t mask = always | IN_ONLYDIR | (one.modified ? IN_MODIFY : 0U);
        if (!one.is_root) mask |= IN_DONT_FOLLOW;
        const char* const path = one.path.empty() ? "." : one.path.c_str();
        // A folder that is watched already keeps what it is watched for.
        const int number = ::inotify_add_watch(instance_.get(), path, mask | IN_MASK_ADD);
        if (number < 0) return errno;
        const auto [at, is_new] = folders_.try_emplace(number, one);
        if (is_new) return 0;
        watched_folder& known = at->second;
        // It has moved, and nobody was told.
        if (!known.is_root) known.path = one.path;
        known.is_root = known.is_root || one.is_root;
        known.is_whole = known.is_whole || one.is_whole;
        known.recursive = known.recursive || one.recursive;
        known.modified = known.modified || one.modified;
        known.names.insert(one.names.begin(), one.names.end());
        return 0;
    }

    // Tells what is in a folder, and adds the folders in it to `all`.
    void read(const watched_folder& one, bool silently, std::vector<watched_folder>& all) {
        const char* const path = one.path.empty() ? "." : one.path.c_str();
        const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path), &::closedir);
        if (!stream) return;
        while (const dirent* const found = ::readdir(stream.get())) {
            const std::string_view name(found->d_name);
            if (name == "." || name == "..") continue;
            std::string its_path = below(one.path, name);
            const bool folder = found->d_type == DT_DIR ||
                                (found->d_type == DT_UNKNOWN && is_folder(its_path, &::lstat));
            if (!silently)
                changes_.push_back(
                    {.kind = change_kind::created, .is_folder = folder, .path = its_path});
            if (!folder || !one.recursive) continue;
            watched_folder next = one;
            next.path = std::move(its_path);
            next.is_root = false;
            next.names.clear();
            all.push_back(std::move(next));
        }
    }

    void take_one(const inotify_event& event, std::string_view name) {
        if ((event.mask & IN_Q_OVERFLOW) != 0) {
            changes_.push_back({});
            // Folders may have come that nobody was told of.
            for (const auto& [number, one] : folders_)
                if (one.is_root && one.recursive) new_.push_back({one, true});
            return;
        }
        const auto at = folders_.find(event.wd);
        if (at == folders_.end()) return;
        if ((event.mask & IN_IGNORED) != 0) {
            folders_.erase(at);
            return;
        }
        const watched_folder& in = at->second;
        if ((event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
            // Others are told of by the folder that they are in.
            if (in.is_root) tell_unwatched(in.path.empty() ? "." : in.path, 0);
            if ((event.mask & IN_MOVE_SELF) != 0 && in.is_root)
                drop(std::string(in.path));  // the entry goes with its path
            return;
        }
        // The folder itself, without a name: its attributes.
        if (name.empty()) return;
        if (!in.is_whole && !in.names.contains(std::string(name))) return;
        file_change one{.kind = kind_of(event.mask),
                        .is_folder = (event.mask & IN_ISDIR) != 0,
                        .path = in.path.empty() ? std::string(name) : below(in.path, name),
                        .move = event.cookie};
        if (one.is_folder && in.recursive) follow(in, one);
        changes_.push_back(std::move(one));
    }

    // A folder below a recursive one came or went.
    void follow(const watched_folder& in, const file_change& change) {
        if (change.kind == change_kind::moved_away) drop(change.path);
        if (change.kind != change_kind::created && change.kind != change_kind::moved_here) return;
        watched_folder next = in;
        next.path = change.path;
        next.is_root = false;
        next.is_whole = true;
        next.names.clear();
        new_.push_back({std::move(next), false});
    }

    // Ends the watches of a folder and of what is below.
    void drop(const std::string& path) {
        const std::string prefix = below(path, "");
        for (auto each = folders_.begin(); each != folders_.end();) {
            if (each->second.path == path || each->second.path.starts_with(prefix)) {
                ::inotify_rm_watch(instance_.get(), each->first);
                each = folders_.erase(each);
            } else {
                ++each;
            }
        }
    }

    void tell_unwatched(const std::string& path, int error) {
        changes_.push_back({.kind = change_kind::unwatched, .is_folder = true, .path = path});
        if (error != 0) changes_.back().error = std::error_code(error, std::generic_category());
    }

    [[noreturn]] static void refuse(const std::string& path, int error) {
        if (error == ENOSPC) throw too_many_watches(path, error);
        throw io_error("watch", path, error);
    }

    detail::descriptor instance_;
    std::unordered_map<int, watched_folder> folders_;
    std::deque<file_change> changes_;
    std::vector<to_watch> new_;
};

}  // namespace detail

too_many_watches::too_many_watches(std::string_view path, int error)
    : io_error(error == ENOSPC ? "watch" : "make", error == ENOSPC ? path : "an inotify instance",
               std::error_code(error, std::generic_category()),
               error == ENOSPC ? " for one more watched folder of this user: raise the sysctl "
                                 "fs.inotify.max_user_watches"
                               : ": raise the sysctl fs.inotify.max_user_instances, or the limit "
                                 "of descriptors (ulimit -n)") {}

file_watcher::file_watcher()
    : all_(std::make_unique<detail::watched_folders>()), source_(all_->descriptor()) {}
file_watcher::file_watcher(file_watcher&&) noexcept = default;

file_watcher& file_watcher::operator=(file_watcher&& other) noexcept {
    if (this == &other) return *this;
    source_.forget();
    source_ = std::move(other.source_);
    all_ = std::move(other.all_);
    return *this;
}

// The descriptor is closed with `all_`.
file_watcher::~file_watcher() { source_.forget(); }

task<> file_watcher::add(std::string path, watch_options options) {
    co_await blocking([&] { all_->add(path, options); });
}

// What is new is watched before it is told, so whoever then looks into it misses nothing.
task<file_change> file_watcher::next() {
    for (;;) {
        if (all_->has_new()) {
            co_await blocking([this] { all_->watch_new(); });
            continue;
        }
        if (all_->has_change()) co_return all_->next();
        // Room for what a short burst brings, and for the longest name in any case.
        std::array<std::byte, 4096> events;
        const std::size_t got = co_await detail::read_call{&source_, io_call::read, events,
                                                           detail::extent::some, nullptr};
        all_->take(std::span(events).first(got));
    }
}

}  // namespace twill::inline TWILL_ABI
