#include "map/workload.hpp"

#include <twill/core/random.hpp>
#include <twill/core/time.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

sockaddr_in local(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// Answers a byte, `at_once` callers at a time, each after `takes`; others wait their turn.
class slow_server final : public surroundings {
public:
    slow_server(unsigned at_once, duration takes)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = local(0);
        socklen_t size = sizeof address;
        constexpr int backlog = 1024;
        if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, backlog) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("could not make a server");
        port_ = ntohs(address.sin_port);
        for (unsigned i = 0; i < at_once; ++i) threads_.emplace_back([=, this] { serve(takes); });
    }
    ~slow_server() override {
        ::shutdown(listener_, SHUT_RDWR);
        for (auto& each : threads_) each.join();
        ::close(listener_);
    }
    slow_server(const slow_server&) = delete;
    slow_server& operator=(const slow_server&) = delete;

    [[nodiscard]] std::string question() const { return "ask:" + std::to_string(port_); }

private:
    void serve(duration takes) const {
        for (;;) {
            const int caller = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (caller < 0) return;
            std::this_thread::sleep_for(takes);
            static_cast<void>(::write(caller, "!", 1));
            ::close(caller);
        }
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::vector<std::thread> threads_;
};

int ask(std::uint16_t port) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = local(port);
    char answer = 0;
    const bool answered =
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::read(server, &answer, 1) == 1;
    ::close(server);
    return answered ? 0 : 1;
}

// So much CPU time of this thread, whatever else runs: a fixed number of steps.
void compute(long milliseconds) {
    constexpr long steps_a_millisecond = 700'000;
    std::uint64_t state = 1;
    for (long i = 0; i < milliseconds * steps_a_millisecond; ++i)
        state = state * 6364136223846793005U + 1442695040888963407U;
    // So that the loop is not optimised away.
    if (state == 0) std::abort();
}

void stream(long passes) {
    std::vector<std::uint64_t> words((std::size_t{32} << 20U) / sizeof(std::uint64_t), 1);
    std::uint64_t sum = 0;
    for (long i = 0; i < passes; ++i)
        for (std::uint64_t& each : words) sum += each++;
    if (sum == 0) std::abort();
}

int read_cold(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return 1;
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    std::array<char, 65536> part{};
    while (::read(file, part.data(), part.size()) > 0) {
    }
    ::close(file);
    return 0;
}

std::vector<std::string> repeated(std::size_t count, const std::function<std::string()>& one) {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(one());
    return all;
}

std::string make_files(const std::filesystem::path& folder, std::size_t count) {
    const std::string content(std::size_t{1} << 20U, 'x');
    for (std::size_t i = 0; i < count; ++i) {
        const auto path = folder / std::to_string(i);
        std::ofstream(path) << content;
        const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        ::fsync(file);
        ::close(file);
    }
    return "read:" + folder.string() + "/";
}

}  // namespace

int do_job(const std::string& what) {
    const auto colon = what.find(':');
    const std::string kind = what.substr(0, colon);
    const std::string rest = what.substr(colon + 1);
    if (kind == "read") return read_cold(rest);
    const long number = std::stol(rest);
    if (kind == "cpu") {
        compute(number);
    } else if (kind == "sleep") {
        std::this_thread::sleep_for(std::chrono::milliseconds(number));
    } else if (kind == "memory") {
        stream(number);
    } else if (kind == "threads") {
        std::thread other(compute, number);
        compute(number);
        other.join();
    } else if (kind == "ask") {
        return ask(static_cast<std::uint16_t>(number));
    } else if (kind != "nothing") {
        return 2;
    }
    return 0;
}

std::vector<workload> all_workloads(const std::filesystem::path& folder, double share) {
    random_source dice(20260601);
    const auto count = [share](double full) {
        return static_cast<std::size_t>(std::max(full * share, 4.0));
    };
    // From half to one and a half of it.
    const auto about = [&](const char* kind, double milliseconds) {
        return kind + std::to_string(std::lround(milliseconds * (0.5 + dice.unit())));
    };
    // Pareto: most are short, some a hundred times as long.
    const auto heavy = [&] {
        const double length = 10 * std::pow(1 - dice.unit(), -1 / 1.2);
        return "sleep:" + std::to_string(std::lround(std::min(length, 800.0)));
    };
    const auto limited = std::make_shared<slow_server>(1, 5ms);
    const auto capacity_4 = std::make_shared<slow_server>(4, 20ms);
    const std::size_t files = count(200);
    std::size_t file = 0;
    const std::string read = make_files(folder, files);

    std::vector<workload> all;
    all.push_back({"cpu", repeated(count(60), [&] { return about("cpu:", 30); })});
    all.push_back({"memory", repeated(count(40), [&] { return about("memory:", 4); })});
    all.push_back({"sleep", repeated(count(400), [&] { return about("sleep:", 100); })});
    all.push_back({"disk", repeated(files, [&] { return read + std::to_string(file++); })});
    all.push_back({"rate-limited server", repeated(count(200), [&] { return limited->question(); }),
                   limited});
    all.push_back({"server with capacity 4",
                   repeated(count(200), [&] { return capacity_4->question(); }), capacity_4});
    all.push_back({"tiny jobs", repeated(count(1000), [] { return std::string("nothing:0"); })});
    all.push_back({"heavy tails", repeated(count(400), heavy)});
    const auto either = [&] {
        return dice.below(2) == 0 ? about("cpu:", 20) : about("sleep:", 150);
    };
    all.push_back({"cpu and sleep", repeated(count(150), either), {}, 1.0});
    all.push_back(
        {"jobs of two threads", repeated(count(40), [&] { return about("threads:", 15); })});
    return all;
}

}  // namespace twill::inline TWILL_ABI::bench
