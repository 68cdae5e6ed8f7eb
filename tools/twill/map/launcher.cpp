#include "twill/map/launcher.hpp"

#include "twill/common/message.hpp"

#include <twill/core/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace twill_command {

bool refusal::may_pass() const noexcept {
    return why == std::errc::resource_unavailable_try_again ||
           why == std::errc::not_enough_memory || why == std::errc::too_many_files_open ||
           why == std::errc::too_many_files_open_in_system;
}

int refusal::status() const noexcept {
    if (why == std::errc::no_such_file_or_directory) return exit_not_found;
    if (why == std::errc::permission_denied) return exit_not_executable;
    return exit_other_error;
}

launcher::launcher(const map_arguments& arguments, std::string program)
    : arguments_(arguments),
      template_(arguments.command, arguments.json_lines),
      null_device_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    if (null_device_ < 0) throw twill::io_error("open", "/dev/null", errno);
    command_.program = std::move(program);
    command_.in = twill::stdio::use(null_device_);
    command_.out = twill::stdio::pipe();
    command_.err = twill::stdio::pipe();
    command_.own_group = true;
    // Should this program be killed: nobody would read what they write.
    command_.dies_with_starter = true;
    command_.keeps_ignored_signals = true;
}

launcher::~launcher() { ::close(null_device_); }

std::variant<attempt, refusal> launcher::start(const planned_job& what) {
    if (auto problem = template_.fill(what.inputs, what.names.front().number, command_.arguments))
        return refusal{std::make_error_code(std::errc::invalid_argument), std::move(*problem)};
    return start();
}

std::variant<attempt, refusal> launcher::start_worker(const std::string& mark) {
    command_.arguments.assign(arguments_.command.begin(), arguments_.command.end());
    command_.in = twill::stdio::pipe();
    const bool lines = arguments_.worker == worker_protocol::lines;
    command_.environment = {std::string("TWILL_MAP_PROTOCOL=") + (lines ? "lines" : "lengths"),
                            "TWILL_MAP_END=" + mark};
    return start();
}

std::variant<attempt, refusal> launcher::start() {
    try {
        const auto began = twill::now();
        auto child = twill::process::start(command_);
        job_processes::member listed(processes_, child.pid());
        attempt made{.listed = std::move(listed), .child = std::move(child), .began = began};
        made.start_took = twill::now() - began;
        return made;
    } catch (const twill::io_error& failure) {
        return refusal{failure.code(), failure.what()};
    }
}

bool launcher::ends_all(const refusal& why) const noexcept {
    return why.may_pass() || (why.status() != exit_other_error && !template_.program_varies());
}

std::string launcher::command_for(const planned_job& what) const {
    std::vector<std::string> words;
    static_cast<void>(template_.fill(what.inputs, what.names.front().number, words));
    return quoted_for_shell(words);
}

std::string launcher::described(const planned_job& what) const {
    constexpr std::size_t longest = 200;
    std::string line = command_for(what);
    if (line.size() <= longest) return line;
    return line.substr(0, longest) + "...";
}

}  // namespace twill_command
