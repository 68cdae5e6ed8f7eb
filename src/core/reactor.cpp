#include <twill/core/error.hpp>
#include <twill/core/reactor.hpp>

#include <cerrno>
#include <mutex>

namespace twill::inline TWILL_ABI {

void io_source::forget() noexcept {
    // Its reactor may end with this.
    if (const auto home = std::move(registered_in)) home->forget(*this);
}

int reactor::watch_clock(clock_watcher& who) noexcept {
    {
        std::lock_guard hold(clock_lock_);
        if (!watches_clock_) {
            if (const int why_not = begin_watching_clock(); why_not != 0) return why_not;
            watches_clock_ = true;
        }
    }
    clock_watchers_.add(who);
    return 0;
}

bool reactor::submit(file_request& what) noexcept {
    what.undone = true;
    return true;
}
void reactor::cancel(file_request& /*what*/) noexcept {}

bool file_request::start() noexcept { return owner().home().io().submit(*this); }
void file_request::cancel() noexcept { owner().home().io().cancel(*this); }

void file_request::throw_if_cancelled() const {
    throw_if_refused();
    if (result == -ECANCELED) throw twill::cancelled();
}

bool io_request::start() noexcept { return owner().home().io().submit(*this); }
void io_request::cancel() noexcept { owner().home().io().cancel(*this); }

void io_request::throw_if_cancelled() const {
    throw_if_refused();
    if (result == -ECANCELED) throw twill::cancelled();
}

void io_request::throw_if_failed(std::string_view verb, std::string_view object) const {
    if (result >= 0) return;
    if (unwatched && result == -ENOSPC) throw too_many_watched(verb, object);
    throw io_error(verb, object, static_cast<int>(-result));
}

}  // namespace twill::inline TWILL_ABI
