#include "twill/check/checked_program.hpp"
#include "twill/check/exploration.hpp"
#include "twill/check/replay_file.hpp"

#include <twill/io/process.hpp>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace twill_command::check {
namespace {

std::vector<std::string> words_for_gdb(const arguments& how, const std::string& gdb, pid_t run) {
    std::vector<std::string> words = {gdb, "-q"};
    if (!how.gdb_commands.empty()) words.emplace_back("-batch");
    words.insert(words.end(), {"-p", fmt::format("{}", run)});
    std::vector<std::string> commands = {"set pagination off",
                                         "break twill_check_before_last_switch",
                                         // By its address: the library may have no types.
                                         "set var *(int*)&twill_check_debugged = 1", "continue"};
    if (how.gdb_commands.empty()) {
        commands.emplace_back("set pagination on");
        commands.emplace_back("backtrace");
    }
    commands.insert(commands.end(), how.gdb_commands.begin(), how.gdb_commands.end());
    for (const auto& each : commands) words.insert(words.end(), {"-ex", each});
    return words;
}

// With the terminal. Ctrl-C is gdb's meanwhile.
int run_to_its_end(const std::vector<std::string>& words) {
    const pid_t child = ::fork();
    if (child < 0) throw start_failure{fmt::format("cannot fork: {}", std::strerror(errno))};
    if (child == 0) {
        std::vector<char*> argv;
        for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    struct sigaction ignored{};
    struct sigaction before{};
    ignored.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignored, &before);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::sigaction(SIGINT, &before, nullptr);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int debug(const arguments& how) {
    const auto schedule = load_schedule(*how.replay);
    const auto gdb = twill::find_program("gdb");
    if (!gdb) throw start_failure{"--gdb: there is no gdb here; it is in the package gdb"};
    checked_program with(how.program, find_check_library());
    auto& session = with.session();
    session.options.seed = how.seed;
    session.options.cpus = how.cpus;
    session.options.good_status = how.good_status;
    session.options.debug = 1;
    session.schedule_length =
        static_cast<std::uint32_t>(std::min(schedule.size(), sizeof session.schedule));
    std::memcpy(session.schedule, schedule.data(), session.schedule_length);
    with.ask({.what = protocol::task::replay, .runs = 1});
    const auto answer = with.take_answer();
    if (!answer) throw start_failure{"the program's server died; this is a defect of twill check"};
    if (answer->refused != 0) throw start_failure{"the schedule cannot be read"};
    if (answer->debugged == 0) throw start_failure{"the replay ended before gdb could come to it"};
    return run_to_its_end(words_for_gdb(how, gdb.path, answer->debugged));
}

}  // namespace twill_command::check
