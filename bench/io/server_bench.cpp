#include "io/server.hpp"

#include "io/identity.hpp"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

// -1: refused.
int connected_to(unsigned port, bool listen) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(static_cast<std::uint16_t>(port));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address = reinterpret_cast<const sockaddr*>(&here);
    const int failed = listen ? bind(fd, address, sizeof here) : connect(fd, address, sizeof here);
    if (failed == 0) return fd;
    close(fd);
    return -1;
}

// One that was free a moment ago.
unsigned free_port() {
    const int fd = connected_to(0, true);
    sockaddr_in here{};
    socklen_t size = sizeof here;
    if (fd < 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) != 0)
        throw std::runtime_error("no free port");
    close(fd);
    return ntohs(here.sin_port);
}

void await_port(unsigned port) {
    for (int tries = 0; tries < 200; ++tries) {
        if (const int fd = connected_to(port, false); fd >= 0) {
            close(fd);
            return;
        }
        std::this_thread::sleep_for(25ms);
    }
    throw std::runtime_error("nobody listens");
}

// As its users are told to configure it for this: no log, no limit to a connection's requests.
void configure_nginx(const std::filesystem::path& file, unsigned port, const service& what) {
    const bool safe = what.talk == "https";
    const std::string folder = file.parent_path();
    std::ofstream out(file);
    out << "daemon off;\nworker_processes " << threads_of(what.where)
        << ";\nworker_rlimit_nofile 20000;\npid " << folder << "/pid;\nerror_log " << folder
        << "/errors crit;\nevents { worker_connections 16000; }\nhttp {\naccess_log off;\n"
           "keepalive_requests 1000000000;\nkeepalive_timeout 3600s;\ndefault_type text/plain;\n";
    for (const char* kept : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
        out << kept << "_temp_path " << folder << '/' << kept << ";\n";
    out << "server {\nlisten 127.0.0.1:" << port << (safe ? " ssl" : "")
        << " reuseport backlog=1024;\n";
    if (safe)
        out << "ssl_certificate " << identity().certificate << ";\nssl_certificate_key "
            << identity().key << ";\nssl_protocols TLSv1.2 TLSv1.3;\n";
    out << "location / { return 200 \"Hello, World!\"; }\n}\n}\n";
    if (!out.flush()) throw std::runtime_error("could not write nginx's configuration");
}

}  // namespace

std::string name_of(place where) { return where == place::one_core ? "one core" : "all cores"; }

unsigned threads_of(place where) {
    return where == place::one_core ? 1 : static_cast<unsigned>(usable_cpus().size());
}

server::server(const settings& how, const server_kind& kind, const service& what) {
    const std::string name = kind.program;
    const auto program = how.peers / "bin" / name;
    if (name == "nginx") {
        start_nginx(program, what);
        return;
    }
    words argv{program};
    if (name.empty()) argv = {how.self, "run"};
    argv = argv + words{what.talk, std::to_string(threads_of(what.where))};
    if (what.talk == "https") argv = argv + words{identity().certificate, identity().key};
    bench::program wanted{.argv = argv};
    if (what.where == place::one_core) wanted.cpu = usable_cpus().back();
    process_.emplace(wanted);
    port_ = static_cast<unsigned>(process_->await("port"));
}

void server::start_nginx(const std::filesystem::path& program, const service& what) {
    port_ = free_port();
    const auto& folder = nginx_folder_.emplace().path();
    const auto file = folder / "nginx.conf";
    configure_nginx(file, port_, what);
    bench::program wanted{.argv = {program, "-c", file, "-p", folder, "-e", folder / "errors"}};
    if (what.where == place::one_core) wanted.cpu = usable_cpus().back();
    process_.emplace(wanted);
    await_port(port_);
}

// nginx's workers outlive a master that is killed: it is asked to end.
server::~server() {
    if (!nginx_folder_) return;
    try {
        if (process_) {
            kill(process_->pid(), SIGTERM);
            static_cast<void>(process_->finish());
        }
    } catch (const std::exception&) {
        // It is killed then.
    }
}

program load_on(const settings& how, const server& target, const service& what,
                const words& options) {
    program load{.argv =
                     words{how.self, "run", "load", "--talk", what.talk, "--port",
                           std::to_string(target.port()), "--server", std::to_string(target.pid()),
                           "--threads", std::to_string(threads_of(what.where))} +
                     options};
    if (what.where == place::one_core) load.cpu = usable_cpus().front();
    return load;
}

metrics measure_load(const settings& how, const server_kind& kind, const service& what,
                     const words& options) {
    const server target(how, kind, what);
    return run_program(load_on(how, target, what, options));
}

std::vector<contestant> servers(const settings& how, std::span<const server_kind> peers,
                                const std::function<metrics(const server_kind&)>& measure) {
    std::vector<contestant> all;
    all.push_back({.name = our_server.name, .measure = [=] { return measure(our_server); }});
    for (const server_kind& each : peers) {
        contestant next{.name = each.name, .measure = [=] { return measure(each); }};
        if (!std::filesystem::exists(how.peers / "bin" / each.program))
            next.absent = "scripts/bench-peers did not make it";
        all.push_back(std::move(next));
    }
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
