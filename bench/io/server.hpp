// The servers of the suite: ours and the peers', each a process of its own.
#pragma once

#include <twill/core/config.hpp>

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/scratch_folder.hpp"
#include "common/suite.hpp"
#include "common/words.hpp"
#include "io/family.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

// On which CPUs server and load run.
enum class place : bool {
    one_core,   // the server on the last, the load on the first, which may be the same one
    all_cores,  // both on all, with as many threads; the kernel divides them
};
[[nodiscard]] std::string name_of(place where);
[[nodiscard]] unsigned threads_of(place where);

// A server's name in the table, and its program; empty: twill's own, in this program.
struct server_kind {
    const char* name;
    const char* program = "";
};
inline constexpr server_kind our_server{"twill"};
inline constexpr server_kind raw_epoll{"raw epoll", "epoll"};
inline constexpr server_kind tokio{"Tokio", "tokio"};
inline constexpr server_kind hyper{"hyper", "tokio"};
inline constexpr server_kind asio{"Asio", "asio"};
inline constexpr server_kind beast{"Beast", "beast"};
inline constexpr server_kind go{"Go", "go"};
inline constexpr server_kind node{"Node", "node-http"};
inline constexpr server_kind nginx{"nginx", "nginx"};

// What a server talks: "echo", "http" or "https".
struct service {
    std::string talk;
    place where = place::one_core;
};

// One that is running. Throws std::runtime_error when it does not come up.
class server {
public:
    server(const settings& how, const server_kind& kind, const service& what);
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    [[nodiscard]] unsigned port() const noexcept { return port_; }
    [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }

private:
    void start_nginx(const std::filesystem::path& program, const service& what);

    std::optional<scratch_folder> nginx_folder_;
    unsigned port_ = 0;
    std::optional<running_program> process_;
};

// The load's command line and place; `options` beside those that say whom to ask.
[[nodiscard]] program load_on(const settings& how, const server& target, const service& what,
                              const words& options);

// Twill and `peers`, each measured by `measure` with a server of its kind.
[[nodiscard]] std::vector<contestant> servers(
    const settings& how, std::span<const server_kind> peers,
    const std::function<metrics(const server_kind&)>& measure);

// Beside `kind` for so many seconds, on so many connections.
[[nodiscard]] metrics measure_load(const settings& how, const server_kind& kind,
                                   const service& what, const words& options);

}  // namespace twill::inline TWILL_ABI::bench
