// What tests of the running search service share.
#pragma once

#include "io/fixtures.hpp"

#include <search/service.hpp>

#include <twill/core/scope.hpp>
#include <twill/core/sleep.hpp>
#include <twill/io/tcp.hpp>
#include <twill/net/http_client.hpp>
#include <twill/runtime/runtime.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace search_test {

using namespace std::chrono_literals;
using nlohmann::json;
using twill::task;

inline void put(const twill_test::temporary_directory& folder, const std::string& name,
                const std::string& text) {
    static_cast<void>(folder.file(name, text, 0644));
}

struct sent_event {
    std::string type;
    json data;
};

// Of a whole stream of Server-Sent Events.
inline std::vector<sent_event> events_in(std::string_view text) {
    std::vector<sent_event> all;
    while (!text.empty()) {
        const auto end = text.find("\n\n");
        if (end == std::string_view::npos) throw std::runtime_error("an event breaks off");
        const auto lines = text.substr(0, end);
        const auto type = lines.find("event: ");
        const auto data = lines.find("data: ");
        all.push_back({std::string(type == 0 ? lines.substr(7, lines.find('\n') - 7) : ""),
                       json::parse(lines.substr(data + 6))});
        text.remove_prefix(end + 2);
    }
    return all;
}

struct search_result {
    std::vector<std::string> lines;  // "path:number:text"
    json done;
};

inline search_result result_in(std::string_view text) {
    search_result made;
    for (const auto& [type, data] : events_in(text)) {
        if (type == "done") made.done = data;
        if (type != "found") continue;
        for (const auto& file : data) {
            for (const auto& line : file["lines"]) {
                std::string whole = file["path"].get<std::string>() + ':' +
                                    std::to_string(line["number"].get<int>()) + ':';
                for (const auto& part : line["parts"]) whole += part.get<std::string>();
                made.lines.push_back(std::move(whole));
            }
        }
    }
    return made;
}

class asking {
public:
    explicit asking(twill::endpoint there) : at_("http://" + there.to_string()) {}

    struct answer {
        int status;
        std::string text;
    };
    [[nodiscard]] task<answer> get(std::string target) {
        auto response = co_await web_.get(at_ + target);
        const int status = response.status();
        co_return answer{status, co_await response.text()};
    }
    [[nodiscard]] task<search_result> search(std::string query) {
        auto got = co_await get("/search?q=" + query);
        if (got.status != 200) throw std::runtime_error(got.text);
        co_return result_in(got.text);
    }
    [[nodiscard]] twill::http::client& web() noexcept { return web_; }
    [[nodiscard]] const std::string& at() const noexcept { return at_; }

private:
    std::string at_;
    twill::http::client web_;
};

// Runs `body(service, asking)` beside a service that has indexed all, and stops that then.
template <class Body>
void beside_service(search::service_options options, Body body) {
    options.port = 0;
    twill::run([&]() -> task<> {
        search::service here(options);
        co_await twill::scope([&](twill::scope_ref s) -> task<> {
            s.spawn([&] { return here.run(); });
            asking client(here.local());
            co_await here.files().ready().wait();
            co_await body(here, client);
            here.stop();
        });
    });
}

// Asks again until `wanted(result)`, for half a minute at most: how soon is the machine's affair.
inline task<bool> comes_true(asking& client, std::string query,
                             std::function<bool(const search_result&)> wanted) {
    const auto last = twill::after(twill::now(), 30s);
    while (twill::now() < last) {
        if (wanted(co_await client.search(query))) co_return true;
        co_await twill::sleep(5ms);
    }
    co_return false;
}

}  // namespace search_test
