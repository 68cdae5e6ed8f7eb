// A text file as it was when it was read, and the corpus: all of them.
//
// Texts are kept in memory, not mapped: who cuts off a mapped file kills who reads it (SIGBUS), and
// a service must not depend on what others do to the files. Up to a budget; texts beyond it are
// read again by each search that wants them.
#pragma once

#include <twill/io/file.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace search {

struct document {
    std::string path;
    std::uint64_t size = 0;
    // By these two a rescan sees that the file has not changed.
    twill::file_time modified;
    ino_t number = 0;
    // Its text; empty when it is not resident.
    std::string text;
    bool resident = false;
    // Whether no letter in it is another form of an ASCII letter: of those only the long s and the
    // Kelvin sign are, which an expression that ignores case takes for s and k.
    bool plain = true;
};

using document_ptr = std::shared_ptr<const document>;

// Immutable once it is published; documents are shared with the corpus before.
struct corpus {
    std::vector<document_ptr> documents;  // by path
    std::uint64_t bytes = 0;
    std::uint64_t resident_bytes = 0;

    // Null if there is none.
    [[nodiscard]] const document* find(std::string_view path) const noexcept;
};

// Why a file is no document.
enum class not_a_document : std::uint8_t { none, binary, too_large, unreadable, no_file };

struct loaded {
    document_ptr made;  // null: see `why`
    not_a_document why = not_a_document::none;
};

// Reads a file; `keep`: its text stays in memory. Blocks. A file with a NUL in it is binary. Throws
// std::bad_alloc.
[[nodiscard]] loaded load(const std::string& path, std::uint64_t largest, bool keep);

// The text of a document that is not resident, as it is now; "" when it cannot be read any more.
// Blocks, and says so to the pool.
[[nodiscard]] std::string read_again(const document& which, std::uint64_t largest);

// The corpus with some documents replaced (by path) or removed (null). `changes` is in order of
// paths, without two of the same. Linear in the size of the corpus.
[[nodiscard]] corpus changed(const corpus& before,
                             const std::vector<std::pair<std::string, document_ptr>>& changes,
                             const std::vector<std::string>& removed_folders);

}  // namespace search
