#include "query.hpp"

#include <algorithm>

namespace search {
namespace {

// Whether it has a capital letter that stands for itself: in \W and \S there is none.
bool has_capital(std::string_view text, query_kind kind) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (kind == query_kind::regex && text[i] == '\\')
            ++i;
        else if (text[i] >= 'A' && text[i] <= 'Z')
            return true;
    }
    return false;
}

}  // namespace

query query::parse(std::string text, std::string_view mode, std::string_view letters) {
    query made;
    if (mode == "regex")
        made.kind = query_kind::regex;
    else if (!mode.empty() && mode != "literal")
        throw bad_query("mode is \"literal\" or \"regex\"");
    if (letters == "ignore")
        made.letters = letter_case::ignore;
    else if (letters == "exact")
        made.letters = letter_case::exact;
    else if (!letters.empty() && letters != "smart")
        throw bad_query("case is \"smart\", \"ignore\" or \"exact\"");
    if (text.empty()) throw bad_query("there is nothing to look for");
    if (text.size() > longest)
        throw bad_query("a query has at most " + std::to_string(longest) + " bytes");
    if (text.find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos)
        throw bad_query("a query is one line");
    made.text = std::move(text);
    return made;
}

bool query::ignores_case() const noexcept {
    return letters == letter_case::ignore ||
           (letters == letter_case::smart && !has_capital(text, kind));
}

}  // namespace search
