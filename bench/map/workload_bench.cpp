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
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace twill::inline TWILL_ABI::bench {
namespace {

using namespace std::chrono_literals;

// Answers so many callers at a time, each after `takes`; others wait their turn.
class slow_server final : public surroundings {
public:
    slow_server(unsigned at_once, duration takes)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
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
            std::array<char, 512> question{};
            static_cast<void>(::read(caller, question.data(), question.size()));
            std::this_thread::sleep_for(takes);
            constexpr std::string_view answer = "HTTP/1.0 200 OK\r\n\r\n";
            static_cast<void>(::write(caller, answer.data(), answer.size()));
            ::close(caller);
        }
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::vector<std::thread> threads_;
};

job_list repeated(std::size_t count, const std::function<std::string(random_source&)>& one) {
    random_source dice(20260601);
    job_list list;
    for (std::size_t i = 0; i < count; ++i) list.jobs.push_back(one(dice));
    return list;
}

job_list asking(std::size_t count, unsigned at_once, duration takes) {
    const auto server = std::make_shared<slow_server>(at_once, takes);
    return {std::vector(count, server->question()), server};
}

job_list reading(std::size_t count, const std::filesystem::path& folder) {
    const std::string content(std::size_t{1} << 20U, 'x');
    job_list list;
    for (std::size_t i = 0; i < count; ++i) {
        const auto path = folder / std::to_string(i);
        std::ofstream(path) << content;
        // Only what is on the disk can be dropped from the cache.
        const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        ::fsync(file);
        ::close(file);
        list.jobs.push_back("read:" + path.string());
    }
    return list;
}

// From half to one and a half of it.
std::string about(const char* kind, double milliseconds, random_source& dice) {
    return kind + std::to_string(std::lround(milliseconds * (0.5 + dice.unit())));
}

// Pareto: most are short, some a hundred times as long.
std::string heavy(random_source& dice) {
    const double length = 10 * std::pow(1 - dice.unit(), -1 / 1.2);
    return "sleep:" + std::to_string(std::lround(std::min(length, 400.0)));
}

std::string either(random_source& dice) {
    return dice.below(2) == 0 ? about("work:", 20, dice) : about("sleep:", 150, dice);
}

}  // namespace

std::vector<workload> all_workloads(double share) {
    const auto count = [share](double full) {
        return static_cast<std::size_t>(std::max(full * share, 4.0));
    };
    const auto list = [=](double full, std::string (*one)(random_source&)) {
        return [=](const auto&) { return repeated(count(full), one); };
    };
    return {
        {"pure cpu", list(50, [](auto& dice) { return about("cpu:", 30, dice); })},
        {"memory", list(60, [](auto& dice) { return about("memory:", 4, dice); })},
        {"sleep", list(600, [](auto& dice) { return about("sleep:", 100, dice); })},
        {"disk", [=](const auto& folder) { return reading(count(400), folder); }},
        {"rate-limited server", [=](const auto&) { return asking(count(150), 1, 5ms); }},
        {"server with capacity 4", [=](const auto&) { return asking(count(150), 4, 20ms); }},
        {"tiny jobs", list(800, [](auto&) { return std::string("nothing:0"); })},
        {"heavy tails", list(800, heavy)},
        {"cpu and sleep", list(150, either), 1.0},
        {"jobs of two threads", list(50, [](auto& dice) { return about("threads:", 15, dice); })},
    };
}

}  // namespace twill::inline TWILL_ABI::bench
