// The step that sendfile to a socket is made of.
#pragma once

#include <twill/core/config.hpp>
#include <twill/core/task.hpp>
#include <twill/io/byte_stream.hpp>
#include <twill/io/file.hpp>

#include <cstdint>

namespace twill::inline TWILL_ABI::detail {

class TWILL_API file_sending {
public:
    // Sends as much as the socket takes just now, at most `most` bytes, from `offset` on; waits for
    // room only before that. Gives how many: 0 at the end of the file. Cancelled: nothing was sent.
    // Throws io_error.
    [[nodiscard]] static task<std::uint64_t> some(byte_stream& to, const file& from,
                                                  std::uint64_t offset, std::uint64_t most);
};

}  // namespace twill::inline TWILL_ABI::detail
