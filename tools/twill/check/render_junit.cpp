#include "twill/check/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace twill_command::check {
namespace {

// How many bytes of `text` are one character of UTF-8 that XML 1.0 allows; 0: none.
std::size_t character(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return first >= ' ' || first == '\n' || first == '\t' ? 1 : 0;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
    unsigned code = first & (0x7FU >> length);
    for (std::size_t i = 1; i != length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return 0;
        code = code << 6U | (byte(i) & 0x3FU);
    }
    const bool too_long = code < (length == 3 ? 0x800U : length == 4 ? 0x10000U : 0x80U);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return too_long || surrogate || code > 0x10FFFF || (code & 0xFFFEU) == 0xFFFE ? 0 : length;
}

// What a program wrote may be anything.
std::string escaped(std::string_view text) {
    std::string made;
    while (!text.empty()) {
        const std::size_t length = character(text);
        const auto one = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0)
            made += '?';
        else if (one == "<")
            made += "&lt;";
        else if (one == ">")
            made += "&gt;";
        else if (one == "&")
            made += "&amp;";
        else if (one == "\"")
            made += "&quot;";
        else
            made += one;
        text.remove_prefix(one.size());
    }
    return made;
}

}  // namespace

std::string junit_of(const result& all) {
    const auto name = escaped(command_line_of(all.program));
    std::string failure;
    if (!all.failures.empty()) {
        // One for the test case; its text has the others.
        const auto& worst = all.failures.front().findings.front();
        std::string text;
        for (const auto& each : all.failures) text += text_of(each, all);
        failure = fmt::format("    <failure type=\"{}\" message=\"{}\">{}</failure>\n", worst.kind,
                              escaped(worst.summary), escaped(text));
    } else if (all.schedules == 0) {
        failure = "    <failure type=\"none-ended\" message=\"no run came to its end\"/>\n";
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuite name=\"twill check\" tests=\"1\" failures=\"{0}\" errors=\"0\" "
        "skipped=\"0\" "
        "time=\"{1:.3f}\">\n"
        "  <testcase classname=\"twill check\" name=\"{2}\" time=\"{1:.3f}\">\n{3}"
        "    <system-out>{4}</system-out>\n  </testcase>\n</testsuite>\n",
        failure.empty() ? 0 : 1, all.seconds, name, failure, escaped(text_of_end(all)));
}

}  // namespace twill_command::check
