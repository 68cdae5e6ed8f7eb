#include "command_line.hpp"

#include <twill/core/error.hpp>
#include <twill/io/endpoint.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

namespace search {

const char* const usage =
    R"(search [OPTION...] FOLDER...: a search service over the texts in folders, by HTTP

  --port N            where to listen (8080; 0: any that is free)
  --address A         at which address (127.0.0.1: this machine alone; 0.0.0.0 or ::: all)
  --memory MIB        texts that are kept in memory, all in all (1024); others are read again
  --max-file MIB      larger files are left out (16)
  --hidden            with files and folders whose names begin with a dot
  --searches N        so many run at a time, others wait (16)
  --search-limit S    a search ends after so many seconds, with what it has found (10)
  --rescan S          how often all files are looked at where the kernel cannot tell of changes (30)
  --no-watch          do not ask the kernel for changes
  --drain-delay S     on SIGTERM /readyz says no for so long before the service stops listening (0)
  --quiet             no access log on standard output
  --help              this text

Without any argument it makes a folder of its own, asks itself, and ends.
)";

namespace {

std::uint64_t number(std::string_view option, std::string_view text, std::uint64_t least,
                     std::uint64_t most) {
    std::uint64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least ||
        value > most)
        throw wrong_usage(std::string(option) + " takes a number from " + std::to_string(least) +
                          " to " + std::to_string(most) + ", not \"" + std::string(text) + '"');
    return value;
}

void check_address(const std::string& text) {
    try {
        static_cast<void>(twill::endpoint::parse(
            text.find(':') == std::string::npos ? text + ":0" : '[' + text + "]:0"));
    } catch (const twill::usage_error&) {
        throw wrong_usage("--address takes an IPv4 or IPv6 address, not \"" + text + '"');
    }
}

}  // namespace

command_line read_command_line(const std::vector<std::string>& arguments) {
    using taken = std::function<void(const std::string& option, const std::string& value)>;
    command_line made;
    service_options& to = made.options;
    constexpr std::uint64_t most_mib = std::uint64_t{1} << 24;
    constexpr std::uint64_t a_day = 86400;
    const auto seconds = [](const std::string& option, const std::string& value,
                            std::uint64_t least) {
        return std::chrono::seconds(number(option, value, least, a_day));
    };
    const std::map<std::string, taken, std::less<>> with_value = {
        {"--port",
         [&](const auto& o, const auto& v) {
             to.port = static_cast<std::uint16_t>(number(o, v, 0, 65535));
         }},
        {"--address",
         [&](const auto&, const auto& v) {
             check_address(v);
             to.address = v;
         }},
        {"--memory",
         [&](const auto& o, const auto& v) { to.index.memory = number(o, v, 0, most_mib) << 20; }},
        {"--max-file",
         [&](const auto& o, const auto& v) {
             to.index.largest_file = number(o, v, 1, most_mib) << 20;
         }},
        {"--searches",
         [&](const auto& o, const auto& v) { to.searches = number(o, v, 1, 100'000); }},
        {"--search-limit",
         [&](const auto& o, const auto& v) { to.search_limit = seconds(o, v, 1); }},
        {"--rescan", [&](const auto& o, const auto& v) { to.index.rescan = seconds(o, v, 1); }},
        {"--drain-delay", [&](const auto& o, const auto& v) { to.drain_delay = seconds(o, v, 0); }},
    };
    const std::map<std::string, std::function<void()>, std::less<>> alone = {
        {"--hidden", [&] { to.index.hidden = true; }},
        {"--no-watch", [&] { to.index.watch = false; }},
        {"--quiet", [&] { made.log = false; }},
        {"--help", [&] { made.help = true; }},
    };
    made.demo = arguments.empty();
    std::vector<std::string> folders;
    bool only_folders = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& one = arguments[i];
        const auto equals = one.find('=');
        const std::string name = one.substr(0, equals);
        if (only_folders || !one.starts_with("-") || one == "-") {
            folders.push_back(one);
        } else if (one == "--") {
            only_folders = true;
        } else if (const auto flag = alone.find(one); flag != alone.end()) {
            flag->second();
        } else if (const auto at = with_value.find(name); at != with_value.end()) {
            if (equals == std::string::npos && i + 1 == arguments.size())
                throw wrong_usage(name + " takes a value");
            at->second(name, equals == std::string::npos ? arguments[++i] : one.substr(equals + 1));
        } else {
            throw wrong_usage("there is no option " + name);
        }
    }
    if (made.help || made.demo) return made;
    if (folders.empty()) throw wrong_usage("name at least one folder to search in");
    try {
        to.index.folders = folders_to_index(folders);
    } catch (const std::runtime_error& failure) {
        throw wrong_usage(failure.what());
    }
    return made;
}

}  // namespace search
