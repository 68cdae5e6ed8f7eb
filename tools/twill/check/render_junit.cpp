#include "twill/check/render.hpp"

#include <fmt/format.h>

#include <string_view>

namespace twill_command::check {
namespace {

std::string escaped(std::string_view text) {
    std::string made;
    for (const char each : text) {
        switch (each) {
            case '<':
                made += "&lt;";
                break;
            case '>':
                made += "&gt;";
                break;
            case '&':
                made += "&amp;";
                break;
            case '"':
                made += "&quot;";
                break;
            default:
                // Control characters are not allowed in XML, not even escaped.
                made += static_cast<unsigned char>(each) < ' ' && each != '\n' && each != '\t'
                            ? '?'
                            : each;
        }
    }
    return made;
}

}  // namespace

std::string junit_of(const result& all) {
    const auto name = escaped(command_line_of(all.program));
    std::string cases;
    for (const auto& each : all.failures) {
        const auto& found = each.findings.front();
        cases += fmt::format("    <failure type=\"{}\" message=\"{}\">{}</failure>\n", found.kind,
                             escaped(found.summary), escaped(text_of(each, all)));
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"twill check\" tests=\"1\" failures=\"{0}\" errors=\"0\" "
        "time=\"{1:.3f}\">\n"
        "  <testcase classname=\"twill check\" name=\"{2}\" time=\"{1:.3f}\">\n{3}"
        "    <system-out>{4}</system-out>\n  </testcase>\n</testsuite>\n",
        all.failures.empty() ? 0 : 1, all.seconds, name, cases, escaped(text_of_end(all)));
}

}  // namespace twill_command::check
