#include "common/report.hpp"

#include "common/statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

// Three digits that matter: 0.00123, 12.3, 1234567.
std::string brief(double value) {
    std::array<char, 32> text{};
    const double size = value < 0 ? -value : value;
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    for (double small = 0.0995; size < small && decimals < 6; small /= 10) ++decimals;
    std::snprintf(text.data(), text.size(), "%.*f", size == 0 ? 0 : decimals, value);
    return text.data();
}

std::optional<interval> ratio_to(const row& line, const series& peer) {
    const std::vector<double> ratios = paired_ratios(line.ours, peer.rounds);
    if (ratios.empty()) return {};
    return median_interval(ratios);
}

bool concerns(const target& aim, const series& peer) {
    return aim.against == peer.name || aim.against == every_peer;
}

// Of a ratio or of our own value. Unjudged when there is none, because a peer is absent.
verdict verdict_of(const row& line, const target& aim, const std::optional<interval>& value) {
    if (!value) return verdict::unjudged;
    const bool less = line.direction == better::less;
    const double judged = !aim.draw ? value->middle : less ? value->low : value->high;
    return (less ? judged <= aim.bound : judged >= aim.bound) ? verdict::met : verdict::missed;
}

verdict verdict_of(const row& line, const target& aim) {
    if (aim.against.empty())
        return verdict_of(line, aim,
                          line.ours.empty() ? std::optional<interval>()
                                            : std::optional(median_interval(line.ours)));
    verdict all = verdict::unjudged;
    for (const series& peer : line.peers) {
        const auto ratio = concerns(aim, peer) ? ratio_to(line, peer) : std::nullopt;
        if (!ratio) continue;
        all = verdict_of(line, aim, ratio);
        if (all == verdict::missed) break;
    }
    return all;
}

const char* word(verdict v) {
    switch (v) {
        case verdict::reported:
            return "reported";
        case verdict::met:
            return "met";
        case verdict::missed:
            return "missed";
        case verdict::unjudged:
            return "not judged";
    }
    return "";
}

// The first of the row's targets for which `wanted` holds, or null.
template <class P>
const target* find_target(const row& line, P&& wanted) {
    const auto found = std::find_if(line.targets.begin(), line.targets.end(), wanted);
    return found == line.targets.end() ? nullptr : &*found;
}

std::string describe(const row& line, const target& aim) {
    return std::string(aim.binding ? "★ " : "") + (line.direction == better::less ? "<= " : ">= ") +
           brief(aim.bound) + (aim.draw ? " or a draw" : "");
}

std::string describe(const interval& i) {
    return brief(i.middle) + " [" + brief(i.low) + ", " + brief(i.high) + "]";
}

using cells = std::array<std::string, 7>;

cells peer_cells(const row& line, const series& peer) {
    cells out;
    out[2] = peer.name;
    out[3] = peer.rounds.empty() ? "absent" : brief(median(peer.rounds));
    const auto ratio = ratio_to(line, peer);
    if (ratio) out[4] = describe(*ratio);
    const target* aim = find_target(line, [&](const target& t) { return concerns(t, peer); });
    if (aim != nullptr) out[5] = describe(line, *aim);
    out[6] = word(aim != nullptr ? verdict_of(line, *aim, ratio) : verdict::reported);
    return out;
}

// The lines of one row: a first one when our own value is bound or there is no peer, then the
// peers.
std::vector<cells> lines_of(const row& line) {
    std::vector<cells> out;
    const target* aim = find_target(line, [](const target& t) { return t.against.empty(); });
    if (aim != nullptr)
        out.push_back({"", "", "", "", "", describe(line, *aim), word(verdict_of(line, *aim))});
    else if (line.peers.empty())
        out.push_back({"", "", "", "", "", "", word(verdict::reported)});
    for (const series& peer : line.peers) out.push_back(peer_cells(line, peer));
    out.front()[0] =
        line.name + ", " + line.unit + (line.direction == better::more ? " (more)" : "");
    out.front()[1] = line.ours.empty() ? "-" : brief(median(line.ours));
    return out;
}

// Columns on a terminal; only the first bytes of UTF-8 sequences take one.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

void print_lines(std::ostream& out, const std::vector<cells>& lines) {
    std::array<std::size_t, std::tuple_size_v<cells>> widths{};
    for (const cells& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], width(line[i]));
    for (const cells& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string padding(widths[i] - width(line[i]), ' ');
            const bool number = i == 1 || i == 3;
            text += (number ? padding + line[i] : line[i] + padding) + "  ";
        }
        out << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
    }
}

using json = nlohmann::ordered_json;

json spread(const std::vector<double>& rounds) {
    if (rounds.empty()) return nullptr;
    const interval i = median_interval(rounds);
    return {{"low", i.low}, {"high", i.high}, {"rounds", rounds}};
}

json ratios_of(const row& line) {
    json all = json::object();
    for (const series& peer : line.peers)
        if (const auto ratio = ratio_to(line, peer))
            all[peer.name] = {{"ratio", ratio->middle},
                              {"low", ratio->low},
                              {"high", ratio->high},
                              {"confidence", ratio->confidence}};
    return all;
}

// The peer of the row's one `ratio`: of the first target, or else the strongest.
const series* rival(const row& line) {
    const series* best = nullptr;
    double best_ratio = 0;
    for (const series& peer : line.peers) {
        if (!line.targets.empty() && peer.name == line.targets.front().against) return &peer;
        const auto ratio = ratio_to(line, peer);
        if (!ratio) continue;
        const bool stronger = line.direction == better::less ? ratio->middle > best_ratio
                                                             : ratio->middle < best_ratio;
        if (best != nullptr && !stronger) continue;
        best = &peer;
        best_ratio = ratio->middle;
    }
    return best;
}

json as_json(const row& line) {
    json out = {{"row", line.name}, {"unit", line.unit}};
    out["better"] = line.direction == better::less ? "less" : "more";
    out["ours"] = line.ours.empty() ? json() : json(median(line.ours));
    out["peers"] = json::object();
    json spreads = {{"ours", spread(line.ours)}};
    json absent = json::object();
    for (const series& peer : line.peers) {
        out["peers"][peer.name] = peer.rounds.empty() ? json() : json(median(peer.rounds));
        if (peer.rounds.empty())
            absent[peer.name] = peer.absent;
        else
            spreads[peer.name] = spread(peer.rounds);
    }
    out["target"] = line.targets.empty() ? json() : json(line.targets.front().bound);
    const series* against = rival(line);
    const auto ratio = against != nullptr ? ratio_to(line, *against) : std::nullopt;
    out["against"] = against != nullptr ? json(against->name) : json();
    out["ratio"] = ratio ? json(ratio->middle) : json();
    out["low"] = ratio ? json(ratio->low) : json();
    out["high"] = ratio ? json(ratio->high) : json();
    const verdict how = verdict_of(line);
    out["met"] = how == verdict::met ? json(true) : how == verdict::missed ? json(false) : json();
    out["binding"] = std::any_of(line.targets.begin(), line.targets.end(),
                                 [](const target& t) { return t.binding; });
    out["targets"] = json::array();
    for (const target& t : line.targets)
        out["targets"].push_back({{"against", t.against},
                                  {"bound", t.bound},
                                  {"binding", t.binding},
                                  {"draw", t.draw},
                                  {"verdict", word(verdict_of(line, t))}});
    out["ratios"] = ratios_of(line);
    out["spread"] = std::move(spreads);
    out["absent"] = std::move(absent);
    return out;
}

std::string describe(const machine& where) {
    return where.cpu + ", " + std::to_string(where.cores) + " cores, " + where.kernel + ", " +
           where.compiler + ", load before " + brief(where.load);
}

}  // namespace

verdict verdict_of(const row& line) {
    verdict all = line.targets.empty() ? verdict::reported : verdict::met;
    for (const target& aim : line.targets) {
        const verdict one = verdict_of(line, aim);
        if (one == verdict::missed) return one;
        if (one == verdict::unjudged) all = one;
    }
    return all;
}

bool binding_missed(const row& line) {
    return std::any_of(line.targets.begin(), line.targets.end(), [&](const target& aim) {
        return aim.binding && verdict_of(line, aim) == verdict::missed;
    });
}

void print_table(std::ostream& out, std::string_view suite, const machine& where,
                 std::span<const row> rows) {
    std::vector<cells> lines = {
        {"row", "twill", "peer", "peer's", "twill / peer's [interval]", "target", ""}};
    std::map<std::string, std::string> absent;
    for (const row& line : rows) {
        for (cells& one : lines_of(line)) lines.push_back(std::move(one));
        for (const series& peer : line.peers)
            if (peer.rounds.empty()) absent[peer.name] = peer.absent;
    }
    out << "\nsuite " << suite << ": " << describe(where) << "\n\n";
    print_lines(out, lines);
    for (const auto& [name, why] : absent) out << "absent: " << name << " (" << why << ")\n";
}

void write_json(const std::filesystem::path& file, std::string_view suite, const machine& where,
                std::span<const row> rows) {
    json all = {{"suite", suite},
                {"machine",
                 {{"cpu", where.cpu},
                  {"cores", where.cores},
                  {"kernel", where.kernel},
                  {"compiler", where.compiler},
                  {"load", where.load}}}};
    all["rows"] = json::array();
    for (const row& line : rows) all["rows"].push_back(as_json(line));
    std::ofstream out(file);
    out << all.dump(2) << '\n';
    out.close();
    if (!out) throw std::system_error(errno, std::generic_category(), "write " + file.string());
}

}  // namespace twill::inline TWILL_ABI::bench
