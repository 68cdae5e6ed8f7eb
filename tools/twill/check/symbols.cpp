#include "twill/check/symbols.hpp"
#include "twill/common/quiet_options.hpp"

#include <twill/core/error.hpp>
#include <twill/io/process.hpp>
#include <twill/runtime/runtime.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

namespace twill_command::check {
namespace {

struct symboliser {
    std::string program;
    bool is_llvm = false;
};

// The best that is there; empty: none.
const symboliser& best() {
    static const symboliser found = [] {
        for (const char* name : {"llvm-symbolizer", "llvm-symbolizer-19", "llvm-symbolizer-18",
                                 "llvm-symbolizer-17", "llvm-symbolizer-16"})
            if (auto at = twill::find_program(name)) return symboliser{at.path, true};
        if (auto at = twill::find_program("addr2line")) return symboliser{at.path, false};
        return symboliser{};
    }();
    return found;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

// "FILE:LINE" or "FILE:LINE:COLUMN", with "??" and 0 for what is not known.
void take_place(std::string_view text, bool with_column, frame& into) {
    if (const auto more = text.find(" (discriminator"); more != std::string_view::npos)
        text = text.substr(0, more);
    if (with_column) text = text.substr(0, text.rfind(':'));
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.starts_with("??")) return;
    const auto number = text.substr(colon + 1);
    std::from_chars(number.data(), number.data() + number.size(), into.line);
    into.file = std::filesystem::path(text.substr(0, colon)).lexically_normal();
}

// For each address, in both formats: an echo of it or nothing, then two lines a frame.
std::vector<stack> parse(std::string_view said, bool is_llvm) {
    std::vector<stack> all;
    const auto lines = lines_of(said);
    bool begins = true;
    for (std::size_t i = 0; i < lines.size();) {
        if (is_llvm && lines[i].empty()) {
            begins = true;
            ++i;
            continue;
        }
        if (!is_llvm && lines[i].starts_with("0x")) {
            all.emplace_back();
            ++i;
            continue;
        }
        if (is_llvm && begins) all.emplace_back();
        begins = false;
        if (i + 1 >= lines.size() || all.empty()) break;
        frame one;
        if (lines[i] != "??") one.function = lines[i];
        take_place(lines[i + 1], is_llvm, one);
        all.back().push_back(std::move(one));
        i += 2;
    }
    return all;
}

std::string ask(const std::string& module, const std::vector<std::uint64_t>& offsets) {
    const auto& with = best();
    if (with.program.empty()) return {};
    std::string input;
    for (const auto offset : offsets) input += fmt::format("0x{:x}\n", offset);
    twill::command what;
    if (with.is_llvm)
        what.arguments = {with.program, "--obj=" + module, "--demangle", "--inlines"};
    else
        what.arguments = {with.program, "-a", "-C", "-f", "-i", "-e", module};
    what.err = twill::stdio::null();
    try {
        return twill::run(quiet_options(), [&]() -> twill::task<std::string> {
            twill::run_process_options options;
            options.input = input;
            auto made = co_await twill::run_process(what, options);
            co_return made.status.success() ? made.out : std::string();
        });
    } catch (const twill::io_error&) {
        return {};
    }
}

}  // namespace

symbols::symbols(std::span<const twill::check::module> modules)
    : modules_(modules.begin(), modules.end()) {}

const twill::check::module* symbols::module_of(std::uint64_t address) const {
    for (const auto& each : modules_)
        if (address >= each.begin && address < each.end) return &each;
    return nullptr;
}

void symbols::find(const std::vector<std::uint64_t>& addresses) {
    std::map<const twill::check::module*, std::vector<std::uint64_t>> asked;
    for (const auto address : addresses) {
        if (known_.contains(address)) continue;
        known_[address];
        if (const auto* const module = module_of(address)) asked[module].push_back(address);
    }
    for (const auto& [module, those] : asked) {
        std::vector<std::uint64_t> offsets;
        for (const auto address : those) offsets.push_back(address - module->bias);
        const auto found = parse(ask(module->path, offsets), best().is_llvm);
        for (std::size_t i = 0; i < those.size(); ++i) {
            auto& frames = known_[those[i]];
            if (i < found.size()) frames = found[i];
            if (frames.empty()) frames.emplace_back();
            for (auto& each : frames) {
                each.module = module->path;
                each.offset = offsets[i];
                each.inlined = &each != &frames.back();
            }
        }
    }
}

stack symbols::name(const twill::check::stack_trace& trace) {
    stack all;
    find({trace.frames, trace.frames + trace.depth});
    for (std::uint32_t i = 0; i != trace.depth; ++i)
        for (const auto& each : known_[trace.frames[i]]) all.push_back(each);
    return all;
}

std::string text_of(const frame& one) {
    const auto where = one.file.empty() ? fmt::format("{}+0x{:x}", one.module, one.offset)
                       : one.line == 0  ? one.file
                                        : fmt::format("{}:{}", one.file, one.line);
    return one.function.empty() ? where : fmt::format("{} at {}", one.function, where);
}

}  // namespace twill_command::check
