// The program as its users and a cluster run it.
#include "search_service.hpp"

#include <gtest/gtest.h>

#include <twill/async/latch.hpp>
#include <twill/async/manual_reset_event.hpp>
#include <twill/core/timeout.hpp>
#include <twill/io/buffered_reader.hpp>
#include <twill/io/process.hpp>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using search_test::put;
using twill::stdio;
using twill::task;
using twill_test::temporary_directory;

twill::command search_with(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), TWILL_SEARCH_PROGRAM);
    return {.arguments = std::move(arguments)};
}

twill::process_output run_search(std::vector<std::string> arguments) {
    return twill::run([&]() -> task<twill::process_output> {
        co_return co_await twill::run_process(search_with(arguments));
    });
}

TEST(SearchProgram, shows_itself_without_arguments_and_ends) {
    const auto made = run_search({});
    EXPECT_EQ(made.status.shell_code(), 0) << made.err;
    EXPECT_NE(made.out.find("event: found"), std::string::npos) << made.out;
    EXPECT_NE(made.out.find("event: done"), std::string::npos) << made.out;
}

TEST(SearchProgram, a_wrong_command_line_is_told_what_is_wrong_in_two_lines) {
    struct misuse {
        std::vector<std::string> arguments;
        std::string message;
    };
    const temporary_directory folder;
    put(folder, "file", "");
    const std::vector<misuse> all = {
        {{"--port", "70000", "."}, "--port takes a number from 0 to 65535, not \"70000\""},
        {{"--port=x", "."}, "--port takes a number"},
        {{".", "--port"}, "--port takes a value"},
        {{"--address", "nowhere", "."}, "--address takes an IPv4 or IPv6 address"},
        {{"--deaf", "."}, "there is no option --deaf"},
        {{"--port", "0"}, "name at least one folder"},
        {{folder.path() + "/none"}, "/none: No such file or directory"},
        {{folder.path() + "/file"}, "/file: Not a directory"},
    };
    for (const auto& [arguments, message] : all) {
        const auto made = run_search(arguments);
        EXPECT_EQ(made.status.shell_code(), 2) << message;
        EXPECT_NE(made.err.find(message), std::string::npos) << made.err;
        EXPECT_EQ(std::count(made.err.begin(), made.err.end(), '\n'), 2) << made.err;
        EXPECT_TRUE(made.out.empty()) << made.out;
    }
}

TEST(SearchProgram, a_port_that_is_taken_is_a_message_and_status_1) {
    const temporary_directory folder;
    twill::run([&]() -> task<> {
        twill::tcp_listener other(twill::endpoint::loopback(0));
        const auto command =
            search_with({"--port", std::to_string(other.local().port()), folder.path()});
        const auto made = co_await twill::run_process(command);
        EXPECT_EQ(made.status.shell_code(), 1);
        EXPECT_NE(made.err.find("Address already in use"), std::string::npos) << made.err;
    });
}

TEST(SearchProgram, help_names_every_option) {
    const auto made = run_search({"--help"});
    EXPECT_EQ(made.status.shell_code(), 0);
    for (const char* option :
         {"--port", "--address", "--memory", "--max-file", "--hidden", "--searches",
          "--search-limit", "--rescan", "--no-watch", "--drain-delay", "--quiet"})
        EXPECT_NE(made.out.find(option), std::string::npos) << option;
}

// The first line says where.
task<twill::endpoint> read_address(twill::process& program, std::string& said) {
    twill::buffered_reader lines(program.out());
    const auto line = co_await lines.read_line();
    said = line ? std::string(*line) : "nothing";
    const auto from = said.find("http://");
    if (from == std::string::npos) throw std::runtime_error("it said: " + said);
    co_return twill::endpoint::parse(said.substr(from + 7, said.rfind('/') - from - 7));
}

task<> until_ready(search_test::asking& client) {
    while ((co_await client.get("/readyz")).status != 200) co_await twill::sleep(5ms);
}

TEST(SearchProgram, every_request_is_answered_when_it_is_told_to_stop_in_the_middle) {
    const temporary_directory folder;
    std::string text;
    for (int i = 0; i < 50'000; ++i)
        text += "some words, and a needle: " + std::to_string(i) + '\n';
    for (int i = 0; i < 10; ++i) put(folder, "f" + std::to_string(i), text);
    constexpr std::size_t count = 100;
    twill::run([&]() -> task<> {
        auto command = search_with({"--port", "0", "--quiet", "--searches", "1000", folder.path()});
        command.out = stdio::pipe();
        auto program = twill::process::start(command);
        std::string said;
        const auto at = co_await read_address(program, said);
        search_test::asking client(at);
        co_await until_ready(client);

        std::vector<std::string> answers(count);
        twill::latch sent(count);
        twill::manual_reset_event answering;
        const auto ask = [&](std::size_t i) -> task<> {
            auto stream = co_await twill::connect(at);
            co_await stream.write_all(
                "GET /search?q=needle&most=10000 HTTP/1.1\r\nHost: a\r\n\r\n");
            sent.count_down();
            char piece[65536];
            while (const auto got =
                       co_await stream.read_some(std::as_writable_bytes(std::span(piece)))) {
                answers[i].append(piece, got);
                answering.set();
            }
        };
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            for (std::size_t i = 0; i < count; ++i) s.spawn(ask, i);
            co_await sent.wait();
            co_await answering.wait();
            program.signal(SIGTERM);
            co_return;
        });
        for (const auto& answer : answers) {
            EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer.substr(0, 200);
            EXPECT_NE(answer.find("event: done"), std::string::npos) << answer.size();
            EXPECT_TRUE(answer.ends_with("\r\n0\r\n\r\n")) << "it breaks off";
        }
        const auto status = co_await twill::with_timeout(
            30s, [&]() -> task<twill::exit_status> { co_return co_await program.wait(); }());
        EXPECT_EQ(status.shell_code(), 0) << status.to_string();
    });
}

TEST(SearchProgram, the_access_log_has_a_line_a_request) {
    const temporary_directory folder;
    put(folder, "f", "needle\n");
    twill::run([&]() -> task<> {
        auto command = search_with({"--port", "0", folder.path()});
        command.out = stdio::pipe();
        auto program = twill::process::start(command);
        twill::buffered_reader lines(program.out());
        const std::string first(*(co_await lines.read_line()));
        const auto from = first.find("http://") + 7;
        search_test::asking client(
            twill::endpoint::parse(first.substr(from, first.rfind('/') - from)));
        co_await until_ready(client);
        co_await client.get("/search?q=needle");
        program.signal(SIGTERM);
        std::string log;
        while (const auto line = co_await lines.read_line()) log.append(*line) += '\n';
        EXPECT_NE(log.find("\"GET /search?q=needle\" 200 "), std::string::npos) << log;
        EXPECT_EQ((co_await program.wait()).shell_code(), 0);
    });
}

}  // namespace
