#include <twill/io/buffered_reader.hpp>

#include <string>

namespace twill::inline TWILL_ABI {

line_too_long::line_too_long(std::size_t limit)
    : std::runtime_error("read a line: it is longer than the limit of " + std::to_string(limit) +
                         " bytes; raise reader_options::max_line, or skip_until its end"),
      limit_(limit) {}

}  // namespace twill::inline TWILL_ABI
