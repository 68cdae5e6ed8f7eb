#include "matcher.hpp"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace search {
namespace {

// Looking for more of them takes longer than the expression itself.
constexpr std::size_t most_literals = 8;

bool is_ascii(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Whether it has \A or \z, or takes the meaning "of a line" from ^ and $ (?-m).
bool refers_to_text(std::string_view expression) noexcept {
    for (std::size_t i = 0; i + 1 < expression.size(); ++i) {
        if (expression[i] == '\\') {
            ++i;
            if (expression[i] == 'A' || expression[i] == 'z') return true;
        } else if (expression.substr(i).starts_with("(?")) {
            const auto flags = expression.substr(i + 2);
            const auto end = std::min(flags.find_first_not_of("imsU-"), flags.size());
            const auto minus = flags.substr(0, end).find('-');
            if (minus != std::string_view::npos &&
                flags.substr(minus, end - minus).find('m') != std::string_view::npos)
                return true;
        }
    }
    return false;
}

re2::RE2::Options options_of(bool ignore_case) {
    re2::RE2::Options options;
    options.set_case_sensitive(!ignore_case);
    options.set_never_nl(true);
    options.set_log_errors(false);
    // Its automaton is made as it runs, and kept; out of memory it begins anew.
    options.set_max_mem(std::int64_t{32} << 20);
    return options;
}

// Literals (in small letters) such that each text which `expression` matches has at least one of
// them, whatever the case; none, if there are no such.
//
// RE2 reduces an expression to ands and ors of "atoms", and tells which expressions are still
// possible when it is told the atoms that a text has. So an atom is required if without it, and
// with all others, the expression is impossible.
std::vector<literal> literals_of(const std::string& expression, const re2::RE2::Options& options) {
    re2::FilteredRE2 filter(2);  // the least bytes of an atom
    int id = 0;
    if (filter.Add(expression, options, &id) != re2::RE2::NoError) return {};
    std::vector<std::string> atoms;
    filter.Compile(&atoms);
    const auto possible_with = [&](const std::vector<int>& present) {
        std::vector<int> possible;
        filter.AllPotentials(present, &possible);
        return !possible.empty();
    };
    if (atoms.empty() || atoms.size() > 64 || possible_with({})) return {};

    // What is not ASCII has other small letters than we know.
    const std::string* best = nullptr;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        std::vector<int> others;
        for (std::size_t j = 0; j < atoms.size(); ++j)
            if (j != i) others.push_back(static_cast<int>(j));
        if (!is_ascii(atoms[i]) || possible_with(others)) continue;
        if (best == nullptr || atoms[i].size() > best->size()) best = &atoms[i];
    }
    std::vector<literal> found;
    if (best != nullptr) {
        found.emplace_back(*best, true);
    } else if (atoms.size() <= most_literals && std::ranges::all_of(atoms, is_ascii)) {
        for (const auto& each : atoms) found.emplace_back(each, true);
    }
    return found;
}

// The line around `place`, without its end.
match line_around(std::string_view text, std::size_t place) noexcept {
    const auto before = place == 0 ? std::string_view::npos : text.rfind('\n', place - 1);
    const auto end = text.find('\n', place);
    return {before == std::string_view::npos ? 0 : before + 1,
            end == std::string_view::npos ? text.size() : end};
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct matcher::automaton : re2::RE2 {
    using re2::RE2::RE2;
};

matcher::matcher(const query& what) {
    const bool ignore_case = what.ignores_case();
    if (what.kind == query_kind::literal && (!ignore_case || is_ascii(what.text))) {
        literals_.emplace_back(what.text, ignore_case);
        return;
    }
    const auto options = options_of(ignore_case);
    const std::string expression =
        "(?m)" +
        (what.kind == query_kind::literal ? re2::RE2::QuoteMeta(piece(what.text)) : what.text);
    expression_ = std::make_unique<automaton>(expression, options);
    if (!expression_->ok()) {
        // It quotes the part that is wrong, which may be all.
        std::string why = expression_->error();
        if (const auto ours = why.find("(?m)"); ours != std::string::npos) why.erase(ours, 4);
        throw bad_query("the expression is not understood: " + why);
    }
    line_by_line_ = what.kind == query_kind::regex && refers_to_text(what.text);
    literals_ = literals_of(expression, options);
}

matcher::~matcher() = default;

std::optional<match> matcher::find_in(std::string_view line, std::size_t from) const {
    if (!expression_) {
        const auto at = literals_.front().find(line, from);
        if (at == std::string_view::npos) return {};
        return match{at, at + literals_.front().size()};
    }
    re2::StringPiece found;
    if (!expression_->Match(piece(line), from, line.size(), re2::RE2::UNANCHORED, &found, 1))
        return {};
    const auto begin = static_cast<std::size_t>(found.data() - line.data());
    return match{begin, begin + found.size()};
}

void matcher::find_in_line(std::string_view line, std::size_t most,
                           std::vector<match>& into) const {
    for (std::size_t from = 0; into.size() < most && from <= line.size();) {
        const auto found = find_in(line, from);
        if (!found) return;
        into.push_back(*found);
        from = found->end + (found->end == found->begin ? 1 : 0);
    }
}

void matcher::find_lines(std::string_view text, bool plain, std::size_t most,
                         std::vector<match>& into) const {
    if (!expression_ || (plain && !literals_.empty()))
        find_lines_by_literals(text, most, into);
    else if (line_by_line_)
        find_lines_one_by_one(text, most, into);
    else
        find_lines_by_expression(text, most, into);
}

void matcher::find_lines_by_literals(std::string_view text, std::size_t most,
                                     std::vector<match>& into) const {
    // Where each literal is next, from the current line on.
    std::array<std::size_t, most_literals> next;
    const std::size_t count = literals_.size();
    for (std::size_t i = 0; i < count; ++i) next[i] = literals_[i].find(text, 0);
    for (std::size_t left = most; left > 0;) {
        const std::size_t place = *std::min_element(next.begin(), next.begin() + count);
        if (place == std::string_view::npos) return;
        const match line = line_around(text, place);
        if (!expression_) {
            into.push_back({place, place + literals_.front().size()});
            --left;
        } else if (const auto in = text.substr(line.begin, line.end - line.begin);
                   const auto found = find_in(in, 0)) {
            into.push_back({line.begin + found->begin, line.begin + found->end});
            --left;
        }
        for (std::size_t i = 0; i < count; ++i)
            if (next[i] <= line.end) next[i] = literals_[i].find(text, line.end);
    }
}

void matcher::find_lines_by_expression(std::string_view text, std::size_t most,
                                       std::vector<match>& into) const {
    std::size_t from = 0;
    for (std::size_t left = most; left > 0 && from < text.size(); --left) {
        const auto found = find_in(text, from);
        // Behind the last line's end there is no line.
        if (!found || (found->begin == text.size() && text.ends_with('\n'))) return;
        into.push_back(*found);
        from = line_around(text, found->begin).end + 1;
    }
}

void matcher::find_lines_one_by_one(std::string_view text, std::size_t most,
                                    std::vector<match>& into) const {
    std::size_t left = most;
    for (std::size_t from = 0; left > 0 && from < text.size();) {
        const match line = line_around(text, from);
        if (const auto found = find_in(text.substr(line.begin, line.end - line.begin), 0)) {
            into.push_back({line.begin + found->begin, line.begin + found->end});
            --left;
        }
        from = line.end + 1;
    }
}

}  // namespace search
