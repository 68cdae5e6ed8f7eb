#include <twill/core/error.hpp>

namespace twill::inline TWILL_ABI {
namespace {

std::string joined(std::string_view operation, std::string_view object) {
    std::string text(operation);
    if (!object.empty()) text.append(" ").append(object);
    return text;
}

}  // namespace

io_error::io_error(std::string_view operation, std::string_view object, int errno_value)
    : io_error(operation, object, std::error_code(errno_value, std::generic_category())) {}

io_error::io_error(std::string_view operation, std::string_view object, std::error_code why)
    : io_error(operation, object, why, {}) {}

io_error::io_error(std::string_view operation, std::string_view object, std::error_code why,
                   std::string_view advice)
    : std::system_error(why),
      operation_(operation),
      object_(object),
      message_(joined(operation, object) + ": " + why.message()) {
    message_.append(advice);
}

too_many_watched::too_many_watched(std::string_view operation, std::string_view object)
    : io_error(operation, object, std::make_error_code(std::errc::no_space_on_device),
               " for one more watched descriptor of this user: raise the sysctl "
               "fs.epoll.max_user_watches, or keep fewer connections open") {}

end_of_stream::end_of_stream(std::string_view operation, std::string_view object,
                             std::size_t received)
    : std::runtime_error(joined(operation, object) + ": the stream ended after " +
                         std::to_string(received) + " bytes"),
      received_(received) {}

timed_out::timed_out(std::string_view what_was_limited)
    : std::runtime_error(std::string(what_was_limited) + ": the time limit ran out") {}

}  // namespace twill::inline TWILL_ABI
