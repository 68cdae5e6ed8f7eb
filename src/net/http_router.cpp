#include <twill/core/error.hpp>
#include <twill/net/http_router.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace twill::inline TWILL_ABI::http {
namespace {

// What stands between the slashes, as it was sent. "/" has one name, which is empty.
std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> names;
    path.remove_prefix(1);
    for (;;) {
        const auto slash = path.find('/');
        names.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return names;
        path.remove_prefix(slash + 1);
    }
}

// Decoded. Nothing when a name is badly encoded.
std::optional<std::vector<std::string>> names_of(std::string_view path) {
    std::vector<std::string> names;
    for (const auto each : split(path)) {
        auto plain = percent_decoded(each);
        if (!plain) return std::nullopt;
        names.push_back(std::move(*plain));
    }
    return names;
}

}  // namespace

std::vector<router::part> router::parse(std::string_view pattern) {
    const auto refuse = [&](const char* why) {
        return usage_error("the pattern \"" + std::string(pattern) + "\" " + why);
    };
    if (!pattern.starts_with('/')) throw refuse("does not begin with a slash");
    const auto names = split(pattern);
    std::vector<part> parts;
    for (const auto each : names) {
        if (!each.starts_with('{')) {
            if (each.find_first_of("{}") != std::string_view::npos)
                throw refuse("has a brace within a name: {name} stands alone between slashes");
            parts.push_back({kind::fixed, std::string(each)});
            continue;
        }
        if (!each.ends_with('}')) throw refuse("has a brace that is not closed");
        auto name = each.substr(1, each.size() - 2);
        const bool rest = name.ends_with("...");
        if (rest) name.remove_suffix(3);
        if (rest && parts.size() + 1 != names.size()) throw refuse("goes on behind {name...}");
        if (name.empty() || name.find_first_of("{}.") != std::string_view::npos)
            throw refuse("has braces without a name in them");
        for (const part& other : parts)
            if (other.is != kind::fixed && other.name == name) throw refuse("has a name twice");
        parts.push_back({rest ? kind::rest : kind::any, std::string(name)});
    }
    return parts;
}

bool router::goes_before(const route& a, const route& b) noexcept {
    const std::size_t both = std::min(a.parts.size(), b.parts.size());
    for (std::size_t i = 0; i < both; ++i)
        if (a.parts[i].is != b.parts[i].is) return a.parts[i].is < b.parts[i].is;
    return false;
}

bool router::fits(const route& one, const std::vector<std::string>& names) noexcept {
    for (std::size_t i = 0; i < one.parts.size(); ++i) {
        const part& wanted = one.parts[i];
        if (wanted.is == kind::rest) return i < names.size();
        if (i == names.size()) return false;
        if (wanted.is == kind::fixed ? names[i] != wanted.name : names[i].empty()) return false;
    }
    return one.parts.size() == names.size();
}

router& router::on(std::string_view method, std::string_view pattern, handler answer) {
    route made{std::string(method), parse(pattern), std::move(answer)};
    const auto same = [&](const route& other) {
        return other.method == made.method &&
               std::ranges::equal(other.parts, made.parts, [](const part& x, const part& y) {
                   return x.is == y.is && (x.is != kind::fixed || x.name == y.name);
               });
    };
    if (std::ranges::any_of(routes_, same))
        throw usage_error("there is a handler for " + made.method + ' ' + std::string(pattern) +
                          " already");
    const auto behind = std::ranges::upper_bound(routes_, made, &router::goes_before);
    routes_.insert(behind, std::move(made));
    return *this;
}

router& router::otherwise(handler answer) {
    otherwise_ = std::move(answer);
    return *this;
}

router::choice router::choose(exchange& x) const {
    const auto method = x.request().method();
    const auto path = x.request().path();
    const bool is_path = path.starts_with('/');  // "*" of OPTIONS is none
    const auto names = is_path ? names_of(path) : std::vector<std::string>();
    if (!names) return {.refused = error(400, "the path is badly encoded")};
    const route* found = nullptr;
    const route* for_get = nullptr;
    std::string allowed;
    const auto allow = [&](const std::string& name) {
        if (("," + allowed + ",").find("," + name + ",") != std::string::npos) return;
        allowed += (allowed.empty() ? "" : ",") + name;
    };
    const bool is_server = path == "*";
    for (const route& each : routes_) {
        if (is_server) {
            allow(each.method);
            if (each.method == "GET") allow("HEAD");
        }
        if (!is_path || !fits(each, *names)) continue;
        if (found == nullptr && each.method == method) found = &each;
        if (for_get == nullptr && each.method == "GET") for_get = &each;
        allow(each.method);
        if (each.method == "GET") allow("HEAD");
    }
    if (found == nullptr && method == "HEAD") found = for_get;
    if (found == nullptr && allowed.empty()) {
        if (otherwise_) return {.answer = &otherwise_};
        return {.refused = error(404)};
    }
    if (found == nullptr && method == "OPTIONS") return {.methods = allowed + ",OPTIONS"};
    if (found == nullptr) return {.refused = error(405).with("Allow", allowed)};
    std::vector<std::pair<std::string, std::string>> parameters;
    for (std::size_t i = 0; i < found->parts.size(); ++i) {
        const part& wanted = found->parts[i];
        if (wanted.is == kind::fixed) continue;
        std::string value = (*names)[i];
        if (wanted.is == kind::rest)
            for (std::size_t j = i + 1; j < names->size(); ++j) value += '/' + (*names)[j];
        parameters.emplace_back(wanted.name, std::move(value));
    }
    x.set_parameters(std::move(parameters));
    return {.answer = &found->answer};
}

task<> router::operator()(exchange& x) const {
    const choice chosen = choose(x);
    if (chosen.refused) throw error(*chosen.refused);
    if (chosen.answer != nullptr)
        co_await (*chosen.answer)(x);
    else
        co_await x.set("Allow", chosen.methods).respond(204);
}

task<> router::answer_all(exchange& x) const {
    const choice chosen = choose(x);
    if (chosen.answer != nullptr) {
        co_await (*chosen.answer)(x);
    } else if (chosen.refused) {
        // As the connection answers an exception.
        for (const auto& [name, value] : chosen.refused->fields()) x.add(name, value);
        co_await x.respond(chosen.refused->status(), std::string(chosen.refused->what()) + '\n');
    } else {
        co_await x.set("Allow", chosen.methods).respond(204);
    }
}

}  // namespace twill::inline TWILL_ABI::http
