// Finds what a query asks for, line by line, without looking at most lines.
//
// A literal is found by comparing many places at a time. A regular expression (RE2: its time grows
// with the text's length alone, whoever wrote the expression) is reduced to literals of which each
// line that it matches has one; only lines with one of them are given to RE2. Where there are no
// such literals RE2 runs over the text as a whole.
#pragma once

#include "literal.hpp"
#include "query.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace search {

// From `begin` to `end`, counted from the beginning of the text; may be empty.
struct match {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const match&) const = default;
};

// Immutable: any number of threads at a time.
class matcher {
public:
    // Throws bad_query for an expression that is none, or too large.
    explicit matcher(const query& what);
    ~matcher();
    matcher(const matcher&) = delete;
    matcher& operator=(const matcher&) = delete;

    // The first match in each line that has one, in order, at most `most`. `text` begins and ends
    // where lines do. `plain`: no letter of it has a second form that only Unicode knows of (see
    // document::plain), so that literals can be trusted.
    void find_lines(std::string_view text, bool plain, std::size_t most,
                    std::vector<match>& into) const;

    // All matches in one line, without its end; at most `most`.
    void find_in_line(std::string_view line, std::size_t most, std::vector<match>& into) const;

    // Whether all text is given to the expression, which takes its time.
    [[nodiscard]] bool sees_all() const noexcept { return literals_.empty(); }

    // For tests: the literals that lines are chosen by.
    [[nodiscard]] std::size_t literals() const noexcept { return literals_.size(); }

private:
    [[nodiscard]] std::optional<match> find_in(std::string_view line, std::size_t from) const;
    void find_lines_by_literals(std::string_view text, std::size_t most,
                                std::vector<match>& into) const;
    void find_lines_by_expression(std::string_view text, std::size_t most,
                                  std::vector<match>& into) const;
    void find_lines_one_by_one(std::string_view text, std::size_t most,
                               std::vector<match>& into) const;

    // Of which each line that matches has at least one; empty: there are none.
    std::vector<literal> literals_;
    struct automaton;  // RE2's
    // None: the literal is all.
    std::unique_ptr<automaton> expression_;
    // Whether it may refer to the text as a whole, and so must see each line as one.
    bool line_by_line_ = false;
};

}  // namespace search
