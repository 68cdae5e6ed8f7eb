// Row "computing": the word frequencies of all files.
#pragma once

#include "twill/demo/corpus.hpp"
#include "twill/demo/row.hpp"

namespace twill_command::demo {

// Throws std::runtime_error if two ways of counting disagree.
row computing(const corpus& files, const sizes& how_much);

}  // namespace twill_command::demo
