// What the lists of SUITE=map run: a program that does one thing, named by its last argument, and
// ends. Small and linked statically, so that its start costs little beside what it does.
//
//     nothing:0     sleep:MS      cpu:MS        work:MS (on a table as large as a cache)
//     memory:N      threads:MS    read:PATH     ask:PORT
//     worker        does what it is given, line by line, as a worker that stays
//     bursts:MS     takes a CPU for MS, leaves it for MS, and so on until it is killed
//
// Times of work are those of a fixed number of steps, whatever else runs.
#include "../../../share/worker/twill_worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using std::uint64_t;

// Marsaglia's xorshift: no compiler makes one step of several.
uint64_t next(uint64_t state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    return state ^ state << 17U;
}

// The results go here, so that no loop is optimised away.
volatile uint64_t result;

void compute(long milliseconds) {
    constexpr long steps_a_millisecond = 640'000;
    uint64_t state = 1;
    for (long i = 0; i < milliseconds * steps_a_millisecond; ++i) state = next(state);
    result = state;
}

void work_on_table(long milliseconds) {
    constexpr long steps_a_millisecond = 600'000;
    constexpr unsigned table_bits = 17;  // 1 MiB of 8-byte words
    std::vector<uint64_t> table(std::size_t{1} << table_bits);
    uint64_t state = 1;
    for (long i = 0; i < milliseconds * steps_a_millisecond; ++i) {
        state = next(state);
        table[state >> (64 - table_bits)] += state;
    }
    result = table[0];
}

void stream(long passes) {
    std::vector<uint64_t> words((std::size_t{32} << 20U) / sizeof(uint64_t), 1);
    uint64_t sum = 0;
    for (long i = 0; i < passes; ++i)
        for (uint64_t& each : words) sum += each++;
    result = sum;
}

timespec duration_of(long milliseconds) {
    return {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
}

void rest(long milliseconds) {
    const timespec length = duration_of(milliseconds);
    nanosleep(&length, nullptr);
}

double seconds_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] void take_in_bursts(long milliseconds) {
    for (;;) {
        const double end = seconds_now() + static_cast<double>(milliseconds) * 1e-3;
        while (seconds_now() < end) {
        }
        rest(milliseconds);
    }
}

int read_cold(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 1;
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    std::array<char, 65536> part{};
    while (read(file, part.data(), part.size()) > 0) {
    }
    close(file);
    return 0;
}

int ask(long port) {
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr std::string_view question = "GET / HTTP/1.0\r\n\r\n";
    std::array<char, 512> answer{};
    const bool answered =
        connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        write(server, question.data(), question.size()) > 0 &&
        read(server, answer.data(), answer.size()) > 0 &&
        std::memcmp(answer.data(), "HTTP/1.0 200", 12) == 0;
    close(server);
    return answered ? 0 : 1;
}

// What stands before and behind the colon. 2: nobody knows what it is.
int work_on(std::string_view kind, const char* rest_of_it) {
    if (kind == "read") return read_cold(rest_of_it);
    const long number = std::strtol(rest_of_it, nullptr, 10);
    if (kind == "ask") return ask(number);
    if (kind == "cpu") {
        compute(number);
    } else if (kind == "work") {
        work_on_table(number);
    } else if (kind == "sleep") {
        rest(number);
    } else if (kind == "memory") {
        stream(number);
    } else if (kind == "threads") {
        std::thread other(compute, number);
        compute(number);
        other.join();
    } else if (kind == "bursts") {
        take_in_bursts(number);
    } else if (kind != "nothing") {
        return 2;
    }
    return 0;
}

int work_on(const char* what) {
    const std::string_view all = what;
    const auto colon = all.find(':');
    return colon == std::string_view::npos ? 2 : work_on(all.substr(0, colon), what + colon + 1);
}

int stay() {
    std::size_t length = 0;
    while (const char* input = twill_worker_next(&length))
        twill_worker_answer(work_on(std::string(input, length).c_str()), nullptr, 0, nullptr, 0);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    return std::string_view(argv[1]) == "worker" ? stay() : work_on(argv[1]);
}
