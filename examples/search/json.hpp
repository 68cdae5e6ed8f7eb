// The little JSON that the service writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace search {

// Appends it as a JSON string. What is not UTF-8 in it becomes U+FFFD.
void append_json(std::string& to, std::string_view text);

// Appends `"name":value`, with a comma before it unless it is the first of its object.
void append_member(std::string& to, std::string_view name, std::string_view text);
void append_member(std::string& to, std::string_view name, const char* text);
void append_member(std::string& to, std::string_view name, std::uint64_t number);
void append_member(std::string& to, std::string_view name, double number);
void append_member(std::string& to, std::string_view name, bool value);

}  // namespace search
