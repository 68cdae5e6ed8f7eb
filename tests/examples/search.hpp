// What tests of the search service share.
#pragma once

#include <search/document.hpp>
#include <search/matcher.hpp>
#include <search/query.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace search_test {

inline search::document_ptr document_of(std::string path, std::string text) {
    auto made = std::make_shared<search::document>();
    made->path = std::move(path);
    made->size = text.size();
    made->text = std::move(text);
    made->resident = true;
    made->plain = made->text.find("\u017F") == std::string::npos &&
                  made->text.find("\u212A") == std::string::npos;
    return made;
}

inline search::corpus corpus_of(std::vector<search::document_ptr> documents) {
    search::corpus made;
    made.documents = std::move(documents);
    std::ranges::sort(made.documents, {}, [](const auto& each) { return each->path; });
    for (const auto& each : made.documents) made.bytes += each->size;
    made.resident_bytes = made.bytes;
    return made;
}

inline search::query literal_query(std::string text, search::letter_case letters) {
    return {std::move(text), search::query_kind::literal, letters};
}
inline search::query regex_query(std::string text, search::letter_case letters) {
    return {std::move(text), search::query_kind::regex, letters};
}

}  // namespace search_test
