// How the rows of the demo are shown: on the terminal, as pictures, as JSON.
#pragma once

#include "twill/demo/row.hpp"

#include <string>
#include <vector>

namespace twill_command::demo {

// Title, a bar for each column, the verdict wrapped to `width`.
std::string as_text(const row& shown, unsigned width);

// {"machine": ..., "rows": [{"row", "title", "columns": [...], "verdict", "picture"}]}
std::string as_json(const std::vector<row>& rows, const std::string& picture_folder);

// The file of the row's picture in `folder`.
std::string picture_path(const row& of, const std::string& folder);

// Writes the picture, over an old one. Throws twill::io_error.
void save_picture(const row& of, const std::string& folder);

}  // namespace twill_command::demo
