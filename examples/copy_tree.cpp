// copy_tree FROM TO: copies what is below FROM into TO, 32 files at a time, and says how far it is.
// What cannot be copied is said and passed over; then it ends with 1. Without arguments it copies a
// small tree of its own.
#include <twill/async/interval.hpp>
#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/io/copy_file.hpp>
#include <twill/io/directory.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using twill::task;

// Tasks of one runtime take turns: no lock is needed.
struct progress {
    int found = 0;
    int done = 0;
    int failed = 0;
};

void complain(progress& so_far, const char* why) {
    ++so_far.failed;
    std::fprintf(stderr, "copy_tree: %s\n", why);
}

task<> copy_one(twill::directory_entry from, fs::path to, progress& so_far) {
    try {
        if (from.kind == twill::file_kind::regular)
            co_await twill::copy_file(from.path, to);
        else if (from.kind == twill::file_kind::link)
            co_await twill::blocking([&] { fs::copy_symlink(from.path, to); });
        ++so_far.done;
    } catch (const std::exception& failure) {
        complain(so_far, failure.what());
    }
}

task<> copy_all(fs::path from, fs::path to, progress& so_far) {
    co_await twill::blocking(
        [&] { fs::create_directories(to); });  // the walk does not give the root
    co_await twill::scope(
        [&](twill::scope_ref files) -> task<> {
            twill::directory_walker walk(from);
            while (auto entry = co_await walk.next()) {
                const fs::path target = to / fs::path(entry->path).lexically_relative(from);
                if (entry->error) {
                    complain(so_far, (entry->path + ": " + entry->error.message()).c_str());
                } else if (entry->kind == twill::file_kind::directory) {
                    co_await twill::blocking([&] { fs::create_directories(target); });
                } else {
                    ++so_far.found;
                    files.spawn(copy_one, std::move(*entry), target, std::ref(so_far));
                }
            }
        },
        {.max_concurrency = 32});
}

task<int> copy_and_show(fs::path from, fs::path to) {
    progress so_far;
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        s.spawn([&]() -> task<> {
            for (twill::interval every(100ms);; co_await every.tick())
                std::printf("%d of %d\n", so_far.done, so_far.found);
        });
        co_await copy_all(from, to, so_far);
        s.cancel();
    });
    std::printf("%d copied, %d failed\n", so_far.done, so_far.failed);
    co_return so_far.failed == 0 ? 0 : 1;
}

int copy_own() {
    const fs::path here = fs::temp_directory_path() / ("copy_tree-" + std::to_string(getpid()));
    fs::create_directories(here / "from" / "inner");
    for (int i = 0; i < 100; ++i)
        std::ofstream(here / "from" / (i % 2 == 0 ? "" : "inner") / std::to_string(i)) << i;
    fs::create_symlink("inner/1", here / "from" / "link");
    const int status = twill::run([&] { return copy_and_show(here / "from", here / "to"); });
    fs::remove_all(here);
    return status;
}

int main(int count, char** arguments) try {
    if (count == 1) return copy_own();
    if (count != 3) {
        std::fprintf(stderr, "copy_tree FROM TO\n");
        return 2;
    }
    return twill::run([&] { return copy_and_show(arguments[1], arguments[2]); });
} catch (const std::exception& failure) {
    std::fprintf(stderr, "copy_tree: %s\n", failure.what());
    return 2;
}
