#include "twill/demo/demo.hpp"

#include "twill/common/message.hpp"
#include "twill/demo/computing.hpp"
#include "twill/demo/corpus.hpp"
#include "twill/demo/mixed.hpp"
#include "twill/demo/show.hpp"
#include "twill/demo/too_small.hpp"
#include "twill/demo/waiting.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace twill_command {
namespace {

constexpr unsigned text_width = 98;

struct arguments {
    std::string folder{};
    std::string pictures{};
    bool json = false;
    bool quick = false;
};

demo::sizes sizes_for(bool quick) {
    if (!quick) return {};
    return {.requests = 400,
            .sequential_requests = 10,
            .bytes_of_text = 4U << 20U,
            .small_sums = 100'000,
            .small_sums_by_hand = 200,
            .counting_rounds = 3,
            .load_rounds = 1,
            .load_seconds = 0.6,
            .load_per_second = 1000};
}

// Under the user's cache, so that a demo leaves nothing where the user works.
std::string default_picture_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    if (cache != nullptr && *cache != '\0') return std::string(cache) + "/twill/demo";
    if (home != nullptr && *home != '\0') return std::string(home) + "/.cache/twill/demo";
    return (std::filesystem::temp_directory_path() / "twill-demo").string();
}

int show_demo(const arguments& given) {
    const auto how_much = sizes_for(given.quick);
    const auto folder = given.folder.empty() ? demo::default_folder() : given.folder;
    const auto files = demo::collect(folder, how_much.bytes_of_text);
    std::filesystem::create_directories(given.pictures);

    std::vector<demo::row> rows;
    const auto show = [&](demo::row finished) {
        demo::save_picture(finished, given.pictures);
        if (!given.json) print("twill demo", demo::as_text(finished, text_width));
        rows.push_back(std::move(finished));
    };
    if (!given.json)
        print("twill demo", fmt::format("twill demo: {} files of {}{}\n", files.paths.size(),
                                        folder, files.cut ? " (as many as fit the demo)" : ""));
    show(demo::waiting(how_much));
    show(demo::computing(files, how_much));
    show(demo::mixed(files, how_much));
    show(demo::too_small(how_much));
    if (given.json) return print("twill demo", demo::as_json(rows, given.pictures));
    return print("twill demo",
                 fmt::format("\nWho ran when, as pictures: {}/*.svg\n", given.pictures));
}

}  // namespace

int run_demo(int argc, char** argv) {
    arguments given{.pictures = default_picture_folder()};
    CLI::App app(
        "Shows on this machine what concurrency gives, what parallelism gives, what both "
        "give,\nand when neither does: on real files and real sockets, in one process.",
        "twill demo");
    app.add_option("DIR", given.folder,
                   "count words in the files of this folder\n(default: /usr/include, else "
                   "/usr/share/doc)");
    app.add_option("--pictures", given.pictures, "write the pictures to this folder")
        ->capture_default_str();
    app.add_flag("--json", given.json, "print the figures as JSON");
    app.add_flag("--quick", given.quick, "do less of everything: seconds instead of a minute");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return print("twill demo", app.help());
    } catch (const CLI::ParseError& wrong) {
        complain("twill demo: {}; see twill demo --help", wrong.what());
        return exit_usage;
    }
    try {
        return show_demo(given);
    } catch (const std::exception& failure) {
        complain("twill demo: {}", failure.what());
        return exit_other_error;
    }
}

}  // namespace twill_command
