// Annotations for GitHub Actions: a line for each finding, which is then shown at its place in the
// source.
#include "twill/check/places.hpp"
#include "twill/check/render.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace twill_command::check {
namespace {

// As the runner wants it; `in_property`: in one that a comma ends.
std::string escaped(std::string_view text, bool in_property) {
    std::string made;
    for (const char each : text) {
        if (each == '%' || each == '\r' || each == '\n' ||
            (in_property && (each == ':' || each == ',')))
            made += fmt::format("%{:02X}", static_cast<unsigned char>(each));
        else
            made += each;
    }
    return made;
}

// Annotations stand at files of the checkout, named from its root on.
std::string from_root(const std::string& file) {
    const char* const given = std::getenv("GITHUB_WORKSPACE");
    std::error_code ignored;
    const auto root = given != nullptr && *given != '\0' ? std::filesystem::path(given)
                                                         : std::filesystem::current_path(ignored);
    const auto relative = std::filesystem::path(file).lexically_relative(root);
    return relative.empty() || *relative.begin() == ".." ? file : relative.string();
}

const frame* place_of(const finding_account& found, const failing_run& run) {
    if (const auto* const at = own_place(found.here)) return at;
    for (const auto& each : run.threads)
        if (each.blocked && each.waits_for && !each.waits_for_end)
            if (const auto* const at = own_place(each.where)) return at;
    for (const auto& each : run.threads)
        if (!each.ended)
            if (const auto* const at = own_place(each.where)) return at;
    return nullptr;
}

}  // namespace

std::string github_of(const result& all) {
    std::string text;
    for (const auto& run : all.failures) {
        for (const auto& each : run.findings) {
            std::string place;
            if (const auto* const at = place_of(each, run))
                place =
                    fmt::format("file={},line={},", escaped(from_root(at->file), true), at->line);
            const auto repeat =
                fmt::format("{}\nTo repeat it: twill check --replay '{}' -- {}", each.summary,
                            run.schedule, command_line_of(all.program));
            text += fmt::format("::error {}title={}::{}\n", place,
                                escaped("twill check: " + each.kind, true), escaped(repeat, false));
        }
    }
    return text;
}

}  // namespace twill_command::check
