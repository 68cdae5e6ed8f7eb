// The files that the demo counts words in.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace twill_command::demo {

struct corpus {
    std::string folder{};
    std::vector<std::string> paths{};  // sorted; regular files that can be read
    std::size_t bytes = 0;
    bool cut = false;  // there was more than was asked for
};

// The files below `folder`, until `most_bytes` are reached. Throws twill::io_error when the folder
// cannot be read, twill::usage_error when no file in it can.
corpus collect(const std::string& folder, std::size_t most_bytes);

// The folder to use when none is named: the first of the usual ones that exists.
std::string default_folder();

}  // namespace twill_command::demo
