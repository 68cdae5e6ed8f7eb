#include <twill/core/error.hpp>
#include <twill/net/http_events.hpp>

#include <chrono>
#include <string>

namespace twill::inline TWILL_ABI::http {
namespace {

void add_field(std::string& to, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
        throw usage_error("the " + std::string(name) + " of an event has a line end or a NUL");
    to.append(name).append(": ").append(value) += '\n';
}

// Each line of it is a field; CR, LF and CR LF end one.
void add_data(std::string& to, std::string_view data) {
    for (;;) {
        const auto end = data.find_first_of("\r\n");
        to.append("data: ").append(data.substr(0, end)) += '\n';
        if (end == std::string_view::npos) return;
        data.remove_prefix(end + (data.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

}  // namespace

event_stream::event_stream(exchange& x) : x_(&x) {
    x.set("Content-Type", "text/event-stream").set("Cache-Control", "no-store");
    x.begin(200);
    x.limit(duration::max());
    x.leave_place();
    // Who listens to events does not close his sending half; a browser that leaves does so first.
    x.expect_whole_client();
}

task<> event_stream::send(std::string_view data, event_fields more) {
    std::string text;
    add_field(text, "event", more.event);
    add_field(text, "id", more.id);
    if (more.retry > duration::zero()) {
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(more.retry).count();
        add_field(text, "retry", std::to_string(ms));
    }
    add_data(text, data);
    text += '\n';
    co_await x_->write(text);
    co_await x_->flush();
}

task<> event_stream::ping() {
    co_await x_->write(":\n\n");
    co_await x_->flush();
}

std::string_view event_stream::last_id() const noexcept {
    return x_->request().header("Last-Event-ID");
}

}  // namespace twill::inline TWILL_ABI::http
