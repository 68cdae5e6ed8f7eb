#include <twill/core/reactor.hpp>

#include <cerrno>

namespace twill::inline TWILL_ABI {

void io_source::forget() noexcept {
    // Its reactor may end with this.
    if (const auto home = std::move(registered_in)) home->forget(*this);
}

bool io_request::start() noexcept { return owner().home().io().submit(*this); }
void io_request::cancel() noexcept { owner().home().io().cancel(*this); }

void io_request::throw_if_cancelled() const {
    throw_if_refused();
    if (result == -ECANCELED) throw twill::cancelled();
}

}  // namespace twill::inline TWILL_ABI
