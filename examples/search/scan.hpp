// Searches the corpus: in waves of consecutive documents, each a parallel loop on the compute pool,
// so that what is found comes in the order of paths, soon, and no faster than it is taken.
#pragma once

#include "document.hpp"
#include "matcher.hpp"

#include <twill/core/task.hpp>
#include <twill/core/time.hpp>
#include <twill/par/context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace search {

struct found_line {
    std::uint64_t number = 0;  // from 1 on
    std::string text;          // of a long line the part around the first match
    std::vector<match> marks;  // in `text`, in order
    bool operator==(const found_line&) const = default;
};

struct found_document {
    document_ptr in;
    std::vector<found_line> lines;
};

struct scan_options {
    // At most so many lines; then the search ends.
    std::size_t most_lines = 500;
    // Of a line so many bytes are shown, and so many matches.
    std::size_t longest_line = 300;
    std::size_t most_marks = 32;
    // How long a wave should take. A client that has left is noticed between two of them.
    twill::duration wave = std::chrono::milliseconds(10);
    // Files that are read again are not read beyond this.
    std::uint64_t largest_file = std::numeric_limits<std::uint64_t>::max();
};

struct scan_progress {
    std::size_t documents = 0;  // looked at
    std::uint64_t bytes = 0;
    std::size_t lines = 0;    // found
    std::size_t matched = 0;  // documents with such lines
    bool complete = false;    // false at the end: there may be more lines
};

// Looks at the documents from `from` to `to`; gives those with lines, in their order, and at most
// `options.most_lines` lines in all. On the compute pool; throws `cancelled` at a beat.
[[nodiscard]] std::vector<found_document> scan_some(twill::par::context& here, const corpus& all,
                                                    std::size_t from, std::size_t to,
                                                    const matcher& what,
                                                    const scan_options& options);

// Takes what a wave has found, and how far the search is.
using take_found = std::function<twill::task<>(const std::vector<found_document>& found,
                                               const scan_progress& progress)>;

// Searches all of it; `take` is awaited before the search goes on. Everything must live until the
// end. Throws what `take` throws. Cancelled: within a beat, 0.1 ms, and the piece that is looked
// at.
[[nodiscard]] twill::task<scan_progress> scan(const corpus& all, const matcher& what,
                                              const scan_options& options, const take_found& take);

}  // namespace search
