// Names for addresses: function, file and line, with inlined calls.
//
// Asked of llvm-symbolizer or addr2line, whichever is there: who compiles programs has one of them,
// and a library for it would be one more thing to need. Without either, frames are file+offset.
#pragma once

#include <twill/check/protocol.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace twill_command::check {

struct frame {
    std::string function;  // "" if not known
    std::string file;      // "" if not known
    unsigned line = 0;
    std::string module;        // the loaded file
    std::uint64_t offset = 0;  // in it
    bool inlined = false;      // into the next frame
};
// Innermost first.
using stack = std::vector<frame>;

class symbols {
public:
    explicit symbols(std::span<const twill::check::module> modules);

    // Finds all of these at once: a process for each loaded file, so ask once for many.
    void find(const std::vector<std::uint64_t>& addresses);
    [[nodiscard]] stack name(const twill::check::stack_trace& trace);

private:
    const twill::check::module* module_of(std::uint64_t address) const;

    std::vector<twill::check::module> modules_;
    std::map<std::uint64_t, stack> known_;
};

// "worker at bank.cpp:12".
std::string text_of(const frame& one);

}  // namespace twill_command::check
