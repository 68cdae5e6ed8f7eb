// A copy of a tree.

#include "common/meter.hpp"
#include "io/work.hpp"

#include <twill/async/semaphore.hpp>
#include <twill/core/scope.hpp>
#include <twill/io/copy_file.hpp>
#include <twill/io/directory.hpp>
#include <twill/runtime/blocking.hpp>
#include <twill/runtime/runtime.hpp>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t files_at_once = 16;

task<> copy_one(std::string from, std::string to, semaphore_permit /*held*/) {
    co_await copy_file(std::move(from), std::move(to));
}

// The walk gives a folder before what is in it.
task<> copy_with_tasks(const std::string& from, const std::string& to) {
    semaphore slots(files_at_once);
    co_await blocking([&] { fs::create_directory(to); });
    co_await scope([&](scope_ref s) -> task<> {
        directory_walker tree(from);
        while (const auto entry = co_await tree.next()) {
            std::string target = to + entry->path.substr(from.size());
            if (entry->kind == file_kind::directory)
                co_await blocking([&] { fs::create_directory(target); });
            else
                s.spawn(copy_one, entry->path, std::move(target), co_await slots.acquire());
        }
    });
}

void copy_by_streams(const fs::path& from, const std::string& to) {
    const std::ifstream source(from, std::ios::binary);
    std::ofstream(to, std::ios::binary) << source.rdbuf();
}

// `replacing`: a file appears when it is whole, with the permissions of the other.
void copy_one_by_streams(const fs::path& from, const std::string& to, bool replacing,
                         std::size_t number) {
    if (!replacing) return copy_by_streams(from, to);
    const std::string beside = to + '.' + std::to_string(number) + ".tmp";
    copy_by_streams(from, beside);
    fs::permissions(beside, fs::status(from).permissions());
    fs::rename(beside, to);
}

void copy_with_threads(const std::string& from, const std::string& to, bool replacing) {
    fs::create_directory(to);
    std::vector<std::pair<fs::path, std::string>> files;
    for (const auto& entry : fs::recursive_directory_iterator(from)) {
        std::string target = to + entry.path().string().substr(from.size());
        if (entry.is_directory())
            fs::create_directory(target);
        else
            files.emplace_back(entry.path(), std::move(target));
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
        threads.emplace_back([&] {
            for (std::size_t at = 0; (at = next++) < files.size();)
                copy_one_by_streams(files[at].first, files[at].second, replacing, at);
        });
    for (std::thread& each : threads) each.join();
}

std::uintmax_t bytes_in(const std::string& tree) {
    std::uintmax_t all = 0;
    for (const auto& entry : fs::recursive_directory_iterator(tree))
        if (entry.is_regular_file()) all += entry.file_size();
    return all;
}

}  // namespace

void run_copy(const words& arguments) {
    const std::string& from = arguments.at(1);
    const std::string& to = arguments.at(2);
    const std::uintmax_t expected = bytes_in(from);
    const double began = wall_seconds();
    const double cpu = cpu_seconds();
    if (arguments.at(0) == "twill")
        run([&] { return copy_with_tasks(from, to); });
    else
        copy_with_threads(from, to, arguments.at(0) == "replacing");
    print("copy_s", wall_seconds() - began);
    print("copy_cpu_s", cpu_seconds() - cpu);
    if (bytes_in(to) != expected) throw std::runtime_error("the copy is not whole");
}

}  // namespace twill::inline TWILL_ABI::bench
