#include "twill/demo/demo.hpp"

#include "twill/common/message.hpp"
#include "twill/common/unknown_option.hpp"
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

constexpr const char* usage = R"(Usage: twill demo [OPTIONS] [DIR]

Shows on this machine what concurrency gives, what parallelism gives, what both
give, and when neither does: on real files and real sockets, in one process.

  DIR                 count words in the files of this folder
                      (default: /usr/include, else /usr/share/doc)
      --pictures DIR  write the pictures to this folder
                      (default: {})
      --json          print the figures as JSON
      --quick         do less of everything: seconds instead of a minute
  -h, --help          print this
)";

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
    bool help = false;
    CLI::App app;
    app.set_help_flag();
    app.add_option("DIR", given.folder);
    app.add_option("--pictures", given.pictures);
    app.add_flag("--json", given.json);
    app.add_flag("--quick", given.quick);
    app.add_flag("-h,--help", help);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ExtrasError&) {
        const auto word = app.remaining().front();
        complain("twill demo: {}",
                 word.starts_with('-')
                     ? unknown_option(app, word, "twill demo")
                     : fmt::format("'{}' is a second folder; it takes one", word));
        return exit_usage;
    } catch (const CLI::ParseError& wrong) {
        complain("twill demo: {}; see twill demo --help", wrong.what());
        return exit_usage;
    }
    if (help)
        return print("twill demo", fmt::format(fmt::runtime(usage), default_picture_folder()));
    try {
        return show_demo(given);
    } catch (const std::exception& failure) {
        complain("twill demo: {}", failure.what());
        return exit_other_error;
    }
}

}  // namespace twill_command
