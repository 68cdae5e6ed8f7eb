// SUITE=search: examples/search beside ripgrep, and the latency of the page's queries while its
// files change and while the same process computes.
//
// ripgrep is a program that walks the folders each time; the service has read them before, and
// follows their changes. What that is worth is what the first rows show; the row "cold" has what it
// costs.

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/scratch_folder.hpp"
#include "common/suite.hpp"
#include "search/reindexing.hpp"

#include <search/service.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/file.hpp>
#include <twill/io/process.hpp>
#include <twill/io/signal.hpp>
#include <twill/net/http_client.hpp>
#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>
#include <twill/runtime/runtime.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

// What is searched: what most machines have, and with --quick a small part of it.
words folders(bool quick) {
    words all;
    for (const char* each : {"/usr/include", "/usr/share/doc"})
        if (std::filesystem::exists(each)) all.emplace_back(each);
    if (quick && !all.empty()) all = {all.front() + "/linux"};
    return all;
}

struct query {
    const char* name;
    const char* target;  // of the service
    words options;       // of ripgrep
};
// Each has fewer than 10,000 lines, and all of them are asked for.
const query queries[] = {
    {"text, rare", "q=EINPROGRESS&case=exact", {"-F", "-s", "EINPROGRESS"}},
    {"text, any case, nowhere",
     "q=nosuchwordanywhere&case=ignore",
     {"-F", "-i", "nosuchwordanywhere"}},
    {"text, any case, 5000 lines", "q=semaphore&case=ignore", {"-F", "-i", "semaphore"}},
    {"regex with a literal",
     "q=%5Cbstatic%5Cs%2Bvoid%5Cs%2Bset_%5Cw%2B&mode=regex&case=exact",
     {"-s", R"(\bstatic\s+void\s+set_\w+)"}},
    {"regex, one of three",
     "q=(epoll_wait%7Cio_uring_enter%7Ckqueue)&mode=regex&case=exact",
     {"-s", "(epoll_wait|io_uring_enter|kqueue)"}},
    {"regex without a literal", "q=%5BA-Z%5D%7B30,%7D&mode=regex&case=exact", {"-s", "[A-Z]{30,}"}},
};

double milliseconds(duration length) {
    return std::chrono::duration<double, std::milli>(length).count();
}

// run serve BACKGROUND FOLDER...: the service at a port of its own, which it prints with how long
// it has read; and a region of the lowest priority that never ends, if that is 1.
task<> burn() {
    co_await compute(
        [](par::context& here) {
            for (;;)
                par::for_each_index(here, 1'000'000, [](std::size_t i) {
                    volatile std::size_t kept = i;
                    for (int round = 0; round < 100; ++round) kept = kept * 31 + i;
                });
        },
        {.priority = priority::background, .name = "burn"});
}

task<> serve(bool background, words where) {
    const auto began = now();
    signal_watcher stop({SIGTERM});
    search::service here(
        {.index = {.folders = search::folders_to_index(where)}, .port = 0, .searches = 1000});
    co_await scope([&](scope_ref s) -> task<> {
        s.spawn([&] { return here.run(); });
        co_await here.files().ready().wait();
        std::printf("port %u\nread_ms %f\n", here.local().port(), milliseconds(now() - began));
        std::fflush(stdout);
        if (background) s.spawn(burn);
        co_await stop.next();
        s.cancel();
    });
}

// run ask PORT TARGET: how long one search takes, from the connection to the last byte: the median
// of several, after one that is not counted.
task<duration> ask(http::client& web, const std::string& url) {
    const auto began = now();
    auto answer = co_await web.get(url);
    const auto text = co_await answer.text();
    if (answer.status() != 200 || text.find("event: done") == std::string::npos)
        throw std::runtime_error("the service says: " + text.substr(0, 200));
    if (text.find("\"end\":\"complete\"") == std::string::npos)
        throw std::runtime_error("not all lines were asked for");
    co_return now() - began;
}

task<> ask_one(std::string port, std::string target) {
    http::client web;
    const std::string url = "http://127.0.0.1:" + port + "/search?most=10000&" + target;
    std::vector<duration> took;
    for (int i = 0; i < 6; ++i) took.push_back(co_await ask(web, url));
    std::sort(took.begin() + 1, took.end());
    std::printf("ms %f\n", milliseconds(took[3]));
}

// run type PORT COUNT FOLDER: the queries of somebody who types a word, a letter each, again and
// again; and meanwhile so many files are written in the folder, 20 at a time, if it is not "".
task<> change_files(std::string folder) {
    for (long round = 0;; ++round) {
        for (int i = 0; i < 20; ++i)
            co_await write_file(folder + "/changing-" + std::to_string(i),
                                "the file " + std::to_string(round) + '\n');
        co_await sleep(20ms);
    }
}

task<> type_words(std::string port, long count, std::string folder) {
    http::client web;
    std::vector<duration> took;
    co_await scope([&](scope_ref s) -> task<> {
        if (!folder.empty()) s.spawn(change_files, folder);
        const std::string_view typed[] = {"epoll_wait", "pthread_mutex", "copyright", "semaphore"};
        while (std::ssize(took) < count) {
            for (const auto word : typed) {
                for (std::size_t i = 3; i <= word.size(); ++i) {
                    const auto began = now();
                    auto answer = co_await web.get("http://127.0.0.1:" + port +
                                                   "/search?q=" + std::string(word.substr(0, i)));
                    const auto text = co_await answer.text();
                    if (text.find("event: done") == std::string::npos)
                        throw std::runtime_error("the service says: " + text.substr(0, 200));
                    took.push_back(now() - began);
                }
            }
        }
        s.cancel();
    });
    std::sort(took.begin(), took.end());
    const auto at = [&](double part) {
        return milliseconds(
            took[static_cast<std::size_t>(part * static_cast<double>(took.size()))]);
    };
    std::printf("p50_ms %f\np99_ms %f\n", at(0.5), at(0.99));
}

words self_run(const settings& how, words more) {
    more.insert(more.begin(), {how.self.string(), "run"});
    return more;
}

class serving {
public:
    serving(const settings& how, bool background, const words& where)
        : program_({.argv = arguments(how, background, where)}),
          port_(std::to_string(static_cast<long>(program_.await("port")))),
          read_ms_(program_.await("read_ms")) {}
    ~serving() {
        ::kill(program_.pid(), SIGTERM);
        try {
            static_cast<void>(program_.finish());
        } catch (const std::exception& failure) {
            std::fprintf(stderr, "%s\n", failure.what());
        }
    }
    serving(const serving&) = delete;
    serving& operator=(const serving&) = delete;
    [[nodiscard]] const std::string& port() const noexcept { return port_; }
    [[nodiscard]] double read_ms() const noexcept { return read_ms_; }

private:
    static words arguments(const settings& how, bool background, const words& where) {
        words all = self_run(how, {"serve", background ? "1" : "0"});
        all.insert(all.end(), where.begin(), where.end());
        return all;
    }
    running_program program_;
    std::string port_;
    double read_ms_;
};

// Everything as the service sees it: hidden files are left out, links not followed.
metrics run_ripgrep(const words& options, const words& where) {
    words argv = {"rg",           "--no-ignore",   "--no-messages", "--line-number",
                  "--no-heading", "--color=never", "--sort=none"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), where.begin(), where.end());
    std::string line;
    for (const auto& each : argv) {
        std::string quoted;
        for (const char c : each) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
        line += "'" + quoted + "' ";
    }
    // What it prints goes where nobody reads it; that it finds nothing is no failure.
    auto got = run_program({.argv = {"sh", "-c", line + ">/dev/null; test $? -le 1"}});
    return {{"ms", got.at("wall_s") * 1000}};
}

// Whether the kernel has forgotten the files: for root only.
bool drop_caches() {
    ::sync();
    const int file = ::open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
    const bool dropped = file >= 0 && ::write(file, "3", 1) == 1;
    if (file >= 0) ::close(file);
    return dropped;
}

std::string without_ripgrep() {
    return find_program("rg") ? "" : "ripgrep is not here (Debian: ripgrep)";
}

std::vector<row> query_rows(const settings& how) {
    std::vector<row> rows;
    const words where = folders(how.quick);
    std::optional<serving> service;
    for (const query& each : queries) {
        if (!how.wants(each.name)) continue;
        if (!service) service.emplace(how, false, where);
        const std::vector<contestant> all = {
            {.name = "twill",
             .measure =
                 [&] {
                     return run_program(
                         {.argv = self_run(how, {"ask", service->port(), each.target})});
                 }},
            {.name = "ripgrep, warm",
             .measure = [&] { return run_ripgrep(each.options, where); },
             .absent = without_ripgrep()}};
        rows.push_back(make_row({.name = each.name, .unit = "ms"}, "ms",
                                interleave(all, how.rounds, each.name)));
    }
    return rows;
}

// From a start on files that are not in memory to the first answer, beside ripgrep's.
row cold_row(const settings& how) {
    const words where = folders(how.quick);
    const bool can = drop_caches();
    const std::string absent = can ? without_ripgrep() : "caches cannot be dropped: not root";
    const query& first = queries[0];
    const std::vector<contestant> all = {
        {.name = "twill",
         .measure =
             [&] {
                 drop_caches();
                 const serving here(how, false, where);
                 auto got =
                     run_program({.argv = self_run(how, {"ask", here.port(), first.target})});
                 return metrics{{"ms", here.read_ms() + got.at("ms")}};
             }},
        {.name = "ripgrep, cold",
         .measure =
             [&] {
                 drop_caches();
                 return run_ripgrep(first.options, where);
             },
         .absent = absent}};
    return make_row(
        {.name = can ? "cold: start and first answer" : "start and first answer", .unit = "ms"},
        "ms", interleave(all, how.rounds, "cold"));
}

std::vector<row> typing_rows(const settings& how) {
    const words where = folders(how.quick);
    const scratch_folder folder;
    const std::string changing = folder.path();
    words with_changing = where;
    with_changing.push_back(changing);
    const auto measure = [&](bool background, const std::string& folder) {
        const serving here(how, background, with_changing);
        return run_program(
            {.argv = self_run(how, {"type", here.port(), std::to_string(how.size(400)), folder})});
    };
    const std::vector<contestant> all = {
        {.name = "idle", .measure = [&] { return measure(false, ""); }},
        {.name = "files change", .measure = [&] { return measure(false, changing); }},
        {.name = "background region", .measure = [&] { return measure(true, ""); }},
        {.name = "both", .measure = [&] { return measure(true, changing); }}};
    const auto measured = interleave(all, how.rounds, "typing");
    return {make_row({.name = "search as you type, p50", .unit = "ms"}, "p50_ms", measured),
            make_row({.name = "search as you type, p99", .unit = "ms"}, "p99_ms", measured)};
}

std::vector<row> search_rows(const settings& how) {
    std::vector<row> rows = query_rows(how);
    if (how.wants("cold")) rows.push_back(cold_row(how));
    if (how.wants("typing"))
        for (auto& each : typing_rows(how)) rows.push_back(std::move(each));
    return rows;
}

int run_one(const words& argv) {
    const std::string& name = argv.front();
    const words arguments(argv.begin() + 1, argv.end());
    if (name == "serve")
        run([&] {
            return serve(arguments.at(0) == "1", {arguments.begin() + 1, arguments.end()});
        });
    else if (name == "ask")
        run([&] { return ask_one(arguments.at(0), arguments.at(1)); });
    else if (name == "type")
        run([&] {
            return type_words(arguments.at(0), std::stol(arguments.at(1)), arguments.at(2));
        });
    else if (name == "reindexing")
        run_reindexing(arguments);
    else
        return 2;
    return 0;
}

}  // namespace
}  // namespace twill::inline TWILL_ABI::bench

int main(int argc, char** argv) {
    namespace bench = twill::bench;
    return bench::suite_main(argc, argv, "search", bench::search_rows, bench::run_one);
}
