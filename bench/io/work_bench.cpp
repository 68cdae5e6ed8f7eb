// The groups about files and children.

#include "common/program.hpp"
#include "common/scratch_folder.hpp"
#include "common/words.hpp"
#include "io/groups.hpp"
#include "io/server.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* fallback = "twill without io_uring";
constexpr const char* one_thread = "twill, one event thread";
constexpr const char* streams = "ifstream, threads";
constexpr const char* replacing = "the same, renamed";
constexpr const char* bare = "posix_spawn";

void make_numbered_file(const std::string& name, std::uint64_t bytes) {
    std::ofstream out(name, std::ios::binary);
    std::vector<std::uint64_t> piece(1 << 17);
    std::uint64_t next = 0;
    for (std::uint64_t made = 0; made < bytes; made += piece.size() * 8) {
        for (std::uint64_t& each : piece) each = next++;
        out.write(reinterpret_cast<const char*>(piece.data()),
                  static_cast<std::streamsize>(piece.size() * 8));
    }
    out.close();
    // The kernel forgets only what it has written.
    const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (!out || fd < 0 || fsync(fd) != 0) throw std::runtime_error("cannot write " + name);
    close(fd);
}

// Sizes as those of sources and pages: most are small.
void make_tree(const fs::path& root, long files) {
    constexpr long in_a_folder = 50;
    std::mt19937_64 dice(7);
    std::lognormal_distribution<double> size(8.5, 1.5);
    std::string content(4 << 20, 'x');
    fs::path folder;
    for (long i = 0; i < files; ++i) {
        if (i % in_a_folder == 0) {
            folder = root / std::to_string(i / in_a_folder / 8) / std::to_string(i / in_a_folder);
            fs::create_directories(folder);
        }
        const auto bytes = std::min(static_cast<std::size_t>(size(dice)), content.size());
        std::ofstream(folder / std::to_string(i), std::ios::binary)
            .write(content.data(), static_cast<std::streamsize>(bytes));
    }
}

contestant running(const settings& how, const char* name, const words& argv) {
    return {.name = name, .measure = [argv = words{how.self, "run"} + argv] {
                return run_program({.argv = argv});
            }};
}

// A way of reading, where the others read. Twill's tasks have as many event threads as there are
// CPUs, unless its environment says otherwise.
contestant reading(const settings& how, const char* name, place where, const words& environment,
                   const words& argv) {
    program what{.argv = words{"env", "TWILL_EVENT_THREADS=" + std::to_string(threads_of(where))} +
                         environment + words{how.self, "run", "reads"} + argv};
    if (where == place::one_core) what.cpu = usable_cpus().back();
    return {.name = name, .measure = [what] { return run_program(what); }};
}

void add_reads_of(std::vector<row>& rows, const settings& how, const std::string& file,
                  const std::string& named, place where, const char* temperature, long count) {
    const auto ways = [&](const char* way) {
        return words{way, file, std::to_string(how.size(count)), "32", temperature};
    };
    std::vector<contestant> all = {
        reading(how, "twill", where, {}, ways("twill")),
        // Where the kernel or the container forbids io_uring.
        reading(how, fallback, where, {"TWILL_REACTOR=epoll"}, ways("twill")),
        reading(how, streams, where, {}, ways("ifstream"))};
    if (where == place::all_cores)
        all.push_back(reading(how, one_thread, where, {"TWILL_EVENT_THREADS=1"}, ways("twill")));
    const auto measured = interleave(all, how.rounds, named);
    row per_second{.name = named, .unit = "reads/s", .direction = better::more};
    per_second.targets = {{.against = streams, .bound = 1}};
    rows.push_back(make_row(std::move(per_second), "reads_per_s", measured));
    rows.push_back(make_row({.name = named, .unit = "CPU ns/read"}, "read_ns", measured));
}

void add_reads(std::vector<row>& rows, const settings& how, const scratch_folder& folder) {
    const std::string file = folder / "numbers";
    for (const place where : {place::one_core, place::all_cores})
        for (const auto& [temperature, count] :
             {std::pair{"warm", 400'000L}, std::pair{"cold", 20'000L}}) {
            const std::string named = std::string("random reads of 4 KiB, 32 at a time, ") +
                                      temperature + ", " + name_of(where);
            if (!how.wants(named)) continue;
            if (!fs::exists(file)) make_numbered_file(file, how.quick ? 16U << 20U : 1U << 30U);
            add_reads_of(rows, how, file, named, where, temperature, count);
        }
}

void add_copy(std::vector<row>& rows, const settings& how, const scratch_folder& folder) {
    const long files = how.size(5000);
    const std::string what = "copy of a tree of " + std::to_string(files) + " files";
    if (!how.wants(what)) return;
    const std::string from = folder / "tree";
    const std::string to = folder / "copy";
    make_tree(from, files);
    const auto copying = [&](const char* name, const char* way) {
        contestant one = running(how, name, {"copy", way, from, to});
        one.measure = [to, measure = one.measure] {
            metrics measured = measure();
            fs::remove_all(to);
            return measured;
        };
        return one;
    };
    const std::vector<contestant> all = {copying("twill", "twill"), copying(streams, "ifstream"),
                                         copying(replacing, "replacing")};
    const auto measured = interleave(all, how.rounds, what);
    row time{.name = what, .unit = "s"};
    time.targets = {{.against = streams, .bound = 1}};
    rows.push_back(make_row(std::move(time), "copy_s", measured));
    rows.push_back(make_row({.name = what, .unit = "CPU s"}, "copy_cpu_s", measured));
}

}  // namespace

std::vector<row> file_rows(const settings& how) {
    std::vector<row> rows;
    const scratch_folder folder(fs::absolute(how.out));  // on a disk
    add_reads(rows, how, folder);
    add_copy(rows, how, folder);
    return rows;
}

std::vector<row> children_rows(const settings& how) {
    const std::string what = "child processes";
    if (!how.wants(what)) return {};
    const std::string count = std::to_string(how.size(2000));
    const std::vector<contestant> all = {running(how, "twill", {"children", "twill", count}),
                                         running(how, bare, {"children", "bare", count})};
    const auto measured = interleave(all, how.rounds, what);
    row per_second{.name = what, .unit = "children/s", .direction = better::more};
    per_second.targets = {{.against = bare, .bound = 0.95}};
    return {make_row(std::move(per_second), "children_per_s", measured),
            make_row({.name = what, .unit = "CPU ns each"}, "child_ns", measured)};
}

}  // namespace twill::inline TWILL_ABI::bench
