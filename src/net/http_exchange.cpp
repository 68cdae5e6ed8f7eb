#include "http_connection.hpp"

#include <twill/net/http_exchange.hpp>

namespace twill::inline TWILL_ABI::http {

error::error(int status) : error(status, std::string(reason(status))) {}
error::error(int status, const std::string& message)
    : std::runtime_error(message), status_(status) {}

error& error::with(std::string_view name, std::string_view value) & {
    detail::http_outgoing::check_field(name, value);
    auto more = fields_ ? *fields_ : field_list();
    more.emplace_back(name, value);
    fields_ = std::make_shared<const field_list>(std::move(more));
    return *this;
}

std::span<const std::pair<std::string, std::string>> error::fields() const noexcept {
    return fields_ ? std::span(*fields_) : std::span<const std::pair<std::string, std::string>>();
}

const http::request& exchange::request() const noexcept { return on_->request(); }

std::string_view exchange::parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters_)
        if (key == name) return value;
    return {};
}

bool exchange::has_parameter(std::string_view name) const noexcept {
    for (const auto& [key, value] : parameters_)
        if (key == name) return true;
    return false;
}

task<std::size_t> exchange::read_some(std::span<std::byte> into) { return on_->read_content(into); }
task<std::string> exchange::text(std::size_t limit) { return on_->read_text(limit); }

exchange& exchange::set(std::string_view name, std::string_view value) {
    on_->set_field(name, value, true);
    return *this;
}
exchange& exchange::add(std::string_view name, std::string_view value) {
    on_->set_field(name, value, false);
    return *this;
}
sending exchange::respond(int status, std::string_view content, std::string_view type) {
    return sending(on_->respond(status, content, type));
}
void exchange::begin(int status, std::optional<std::uint64_t> length) {
    on_->begin_stream(status, length);
}
sending exchange::write(std::string_view content) { return sending(on_->write(content)); }
sending exchange::write_file(const file& from, std::uint64_t offset, std::uint64_t count) {
    return sending(on_->write_file(from, offset, count));
}
sending exchange::flush() { return sending(on_->flush()); }
bool exchange::begun() const noexcept { return on_->begun(); }
void exchange::limit(duration from_now) noexcept { on_->limit(from_now); }
void exchange::outlive_client() noexcept { on_->outlive_client(); }
task<> exchange::client_gone() { return on_->wait_for_departure(); }
void exchange::leave_place() noexcept { on_->leave_place(); }
void exchange::expect_whole_client() noexcept { on_->expect_whole_client(); }
std::string exchange::peer() const { return on_->peer(); }

}  // namespace twill::inline TWILL_ABI::http
