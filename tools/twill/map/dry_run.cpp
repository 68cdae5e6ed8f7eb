#include "twill/map/dry_run.hpp"

#include "twill/map/command_template.hpp"
#include "twill/map/job_log.hpp"
#include "twill/map/record_keeper.hpp"

#include <twill/core/error.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

namespace twill_command {
namespace {

// Nothing else is under way that blocking could hold up.
void write_out(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno != EINTR)
            throw twill::io_error("write to", "standard output", errno);
        if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

twill::task<std::size_t> print_commands(const map_arguments& arguments, input_source& inputs) {
    const command_template command(arguments.command, arguments.json_lines);
    std::vector<std::string> words;
    std::size_t count = 0;
    job_history earlier;
    if (arguments.goes_on()) earlier = job_history(*arguments.log_path());
    job_identifier identifier = identifier_for(arguments);
    const std::size_t most = arguments.batch.next(std::nullopt, 1);
    std::vector<std::string> batch;
    std::size_t first = 0;
    const auto print = [&] {
        if (batch.empty()) return;
        const auto problem = command.fill(batch, first, words);
        write_out(problem ? fmt::format("# {}: {}\n", quoted_for_shell(batch), *problem)
                          : quoted_for_shell(words) + "\n");
        batch.clear();
    };
    while (const auto next = co_await inputs.next()) {
        ++count;
        if (arguments.goes_on() &&
            earlier.settles(identifier.next(next->bytes), arguments.retry_failed))
            continue;
        if (next->what_is_wrong != input::flaw::none) {
            print();
            write_out(fmt::format("# {}: {}\n", quoted_for_shell(next->bytes), next->problem()));
            continue;
        }
        if (batch.empty()) first = count;
        batch.emplace_back(next->bytes);
        if (batch.size() == most) print();
    }
    print();
    co_return count;
}

}  // namespace twill_command
