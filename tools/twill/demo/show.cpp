#include "twill/demo/show.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <twill/core/error.hpp>
#include <twill/runtime/usable_cpus.hpp>

#include <sys/utsname.h>
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace twill_command::demo {
namespace {

std::string amount(double value) {
    if (value >= 100) return fmt::format("{:.0f}", value);
    if (value >= 10) return fmt::format("{:.1f}", value);
    return fmt::format("{:.2f}", value);
}

// Eighths of a character, so that small differences show.
std::string bar(double share, unsigned width) {
    static constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto parts = static_cast<unsigned>(std::max(1.0, share * width * 8));
    std::string drawn;
    for (unsigned i = 0; i < parts / 8; ++i) drawn += "█";
    return drawn + eighths[parts % 8];
}

std::string wrapped(const std::string& text, unsigned width, const std::string& indent) {
    std::istringstream words(text);
    std::string all;
    std::string line = indent;
    for (std::string word; words >> word;) {
        if (line.size() > indent.size() && line.size() + 1 + word.size() > width) {
            all += line + "\n";
            line = indent;
        }
        if (line.size() > indent.size()) line += " ";
        line += word;
    }
    return all + line + "\n";
}

std::string machine() {
    utsname about{};
    ::uname(&about);
    std::ifstream cpus("/proc/cpuinfo");
    std::string model = about.machine;
    for (std::string line; std::getline(cpus, line);)
        if (line.starts_with("model name")) {
            model = line.substr(std::min(line.find(':') + 2, line.size()));
            break;
        }
    return fmt::format("{}, {} usable CPUs, Linux {}", model, twill::usable_cpus(), about.release);
}

}  // namespace

std::string as_text(const row& shown, unsigned width) {
    double most = 0;
    std::size_t name_width = 0;
    for (const auto& each : shown.columns) {
        most = std::max(most, each.value);
        name_width = std::max(name_width, each.name.size());
    }
    constexpr unsigned bar_width = 24;
    std::string text = fmt::format("\n{}: {}\n", shown.id, shown.title);
    for (const auto& each : shown.columns) {
        const auto figure = fmt::format("{} {}", amount(each.value), each.unit);
        text += fmt::format("  {:<{}}  {:>14}  {}", each.name, name_width, figure,
                            bar(most > 0 ? each.value / most : 0, bar_width));
        text += each.note.empty() ? "\n" : fmt::format("  ({})\n", each.note);
    }
    return text + wrapped(shown.verdict, width, "  ");
}

std::string as_json(const std::vector<row>& rows, const std::string& picture_folder) {
    nlohmann::ordered_json all = {{"machine", machine()}, {"rows", nlohmann::json::array()}};
    for (const auto& each : rows) {
        nlohmann::ordered_json columns = nlohmann::json::array();
        for (const auto& one : each.columns) {
            nlohmann::ordered_json made = {
                {"name", one.name}, {"value", one.value}, {"unit", one.unit}, {"note", one.note}};
            for (const auto& [name, value] : one.figures) made[name] = value;
            columns.push_back(std::move(made));
        }
        all["rows"].push_back({{"row", each.id},
                               {"title", each.title},
                               {"columns", std::move(columns)},
                               {"verdict", each.verdict},
                               {"picture", picture_path(each, picture_folder)}});
    }
    // Paths may hold any bytes: what is no UTF-8 is replaced.
    return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string picture_path(const row& of, const std::string& folder) {
    return folder + "/" + of.id + ".svg";
}

void save_picture(const row& of, const std::string& folder) {
    const auto path = picture_path(of, folder);
    std::ofstream file(path, std::ios::binary);
    file << twill::trace::timeline_svg(of.picture);
    file.close();
    if (!file) throw twill::io_error("write the picture", path, errno);
}

}  // namespace twill_command::demo
