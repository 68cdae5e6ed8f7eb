// The fields of an input that is a JSON object, as they stand there: a number that passed through a
// program's own kind of number might come out as another (12345678901234567890123, 1.10).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace twill_command {

// Whether it is an object, and nothing else. Others must not be asked for fields.
bool is_json_object(std::string_view text);

// Of the field with this name, the last one if there are several: a string without its quotes,
// nothing for null, other values as they stand. None: there is no such field.
std::optional<std::string> field_of(std::string_view object, std::string_view name);

}  // namespace twill_command
