// search [OPTION...] FOLDER...: see README.md beside this file, and search --help.
#include <search/command_line.hpp>
#include <search/service.hpp>

#include <twill/core/error.hpp>
#include <twill/core/scope.hpp>
#include <twill/io/file.hpp>
#include <twill/io/signal.hpp>
#include <twill/net/http_client.hpp>
#include <twill/runtime/runtime.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

using twill::task;

void say(std::string_view line) {
    std::fprintf(stderr, "search: %.*s\n", static_cast<int>(line.size()), line.data());
}

// A connection to "all addresses" is made to this machine.
std::string url_of(const twill::endpoint& at) {
    std::string where = at.to_string();
    if (where.starts_with("0.0.0.0:")) where.replace(0, 7, "127.0.0.1");
    if (where.starts_with("[::]:")) where.replace(0, 4, "[::1]");
    return "http://" + where + "/";
}

task<> tell_when_ready(search::service& of) {
    co_await of.files().ready().wait();
    const auto all = of.files().read();
    say(std::to_string(all->documents.size()) + " texts, " + std::to_string(all->bytes >> 20) +
        " MiB, are indexed");
}

task<> stop_at_signal(search::service& of, twill::signal_watcher& signals) {
    for (;;) {
        const int which = co_await signals.next();
        say(which == SIGINT ? "interrupted, ends" : "told to stop, ends");
        of.stop();
    }
}

// A connection needs a descriptor, and many systems begin with 1,024.
void allow_many_connections() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

task<> serve(search::service_options options) {
    twill::signal_watcher signals({SIGINT, SIGTERM});
    search::service here(std::move(options));
    std::printf("listening at %s\n", url_of(here.local()).c_str());
    std::fflush(stdout);
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        s.spawn(tell_when_ready, std::ref(here));
        s.spawn(stop_at_signal, std::ref(here), std::ref(signals));
        co_await here.run();
        s.cancel();
    });
}

// A folder that goes with it.
class own_folder {
public:
    own_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "search-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw twill::io_error("make", name, errno);
        path_ = name;
    }
    ~own_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    own_folder(const own_folder&) = delete;
    own_folder& operator=(const own_folder&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

task<> ask_and_stop(search::service& of, std::string at) {
    co_await of.files().ready().wait();
    twill::http::client web;
    for (const char* what : {"readyz", "search?q=task", "search?q=^t.*%5Bkl%5D$&mode=regex"}) {
        auto answer = co_await web.get(at + what);
        std::printf("GET /%s\n%s\n", what, (co_await answer.text()).c_str());
    }
    of.stop();
}

task<> show_itself() {
    const own_folder folder;
    co_await twill::write_file(folder.path() + "/story.txt", "A task waits.\nAnother one works.\n");
    co_await twill::write_file(folder.path() + "/names.txt", "twill\ntask\nthread\n");
    search::service here({.index = {.folders = {folder.path()}}, .port = 0});
    co_await twill::scope([&](twill::scope_ref s) -> task<> {
        s.spawn(ask_and_stop, std::ref(here), url_of(here.local()));
        co_await here.run();
    });
}

}  // namespace

int main(int count, char** arguments) {
    try {
        auto line = search::read_command_line({arguments + 1, arguments + count});
        if (line.help) {
            std::fputs(search::usage, stdout);
            return 0;
        }
        if (line.demo) {
            twill::run(show_itself);
            return 0;
        }
        allow_many_connections();
        line.options.index.report = say;
        line.options.log_descriptor = line.log ? STDOUT_FILENO : -1;
        twill::run([&] { return serve(std::move(line.options)); });
        return 0;
    } catch (const search::wrong_usage& failure) {
        say(failure.what());
        say("see search --help");
        return 2;
    } catch (const std::exception& failure) {
        say(failure.what());
        return 1;
    }
}
