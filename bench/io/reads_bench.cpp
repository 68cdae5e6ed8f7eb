// Random reads of a file.

#include "common/meter.hpp"
#include "io/work.hpp"

#include <twill/core/scope.hpp>
#include <twill/io/file.hpp>
#include <twill/runtime/runtime.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace twill::inline TWILL_ABI::bench {
namespace {

constexpr std::size_t piece_words = 512;
using piece = std::array<std::uint64_t, piece_words>;

struct plan {
    std::string file;
    std::uint64_t pieces;  // in the file
    long count;
    long at_once;
};

void check(const piece& got, std::uint64_t which) {
    if (got.front() != which * piece_words || got.back() != which * piece_words + piece_words - 1)
        throw std::runtime_error("a read gave what is not there");
}

// Each of those who read has places of its own.
class places {
public:
    places(const plan& of, long reader)
        : dice_(static_cast<std::uint64_t>(reader) + 1), any_(0, of.pieces - 1) {}
    std::uint64_t next() { return any_(dice_); }

private:
    std::mt19937_64 dice_;
    std::uniform_int_distribution<std::uint64_t> any_;
};

task<> read_some(const file* from, const plan* of, long reader) {
    places where(*of, reader);
    piece got;  // filled by read_at
    for (long i = 0; i < of->count / of->at_once; ++i) {
        const std::uint64_t which = where.next();
        co_await from->read_at(which * sizeof got, std::as_writable_bytes(std::span(got)));
        check(got, which);
    }
}

task<> read_with_tasks(const plan& of) {
    const file from = co_await file::open(of.file);
    co_await scope([&](scope_ref s) -> task<> {
        for (long i = 0; i < of.at_once; ++i) s.spawn(read_some, &from, &of, i);
        co_return;
    });
}

void read_with_threads(const plan& of) {
    std::vector<std::thread> threads;
    for (long reader = 0; reader < of.at_once; ++reader)
        threads.emplace_back([&of, reader] {
            std::ifstream from(of.file, std::ios::binary);
            places where(of, reader);
            piece got;  // filled by read
            for (long i = 0; i < of.count / of.at_once; ++i) {
                const std::uint64_t which = where.next();
                from.seekg(static_cast<std::streamoff>(which * sizeof got));
                from.read(reinterpret_cast<char*>(got.data()), sizeof got);
                check(got, which);
            }
        });
    for (std::thread& each : threads) each.join();
}

// Cold: what the kernel keeps of the file goes, as far as it has been written. Warm: all of it
// comes.
void prepare(const plan& of, bool cold) {
    const int fd = open(of.file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) throw std::runtime_error("cannot open " + of.file);
    if (cold) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    } else {
        std::vector<char> all(1 << 20);
        while (read(fd, all.data(), all.size()) > 0) {
        }
    }
    close(fd);
}

}  // namespace

void run_reads(const words& arguments) {
    plan of{arguments.at(1), 0, std::stol(arguments.at(2)), std::stol(arguments.at(3))};
    struct stat about{};
    if (stat(of.file.c_str(), &about) != 0) throw std::runtime_error("no file " + of.file);
    of.pieces = static_cast<std::uint64_t>(about.st_size) / sizeof(piece);
    prepare(of, arguments.at(4) == "cold");
    const double began = wall_seconds();
    const double cpu = cpu_seconds();
    auto options = runtime_options::from_environment();
    if (arguments.at(0) == "epoll") options.reactor = reactor_kind::epoll;
    if (arguments.at(0) == "ifstream")
        read_with_threads(of);
    else
        run(options, [&] { return read_with_tasks(of); });
    print("reads_per_s", static_cast<double>(of.count) / (wall_seconds() - began));
    print("read_ns", (cpu_seconds() - cpu) * 1e9 / static_cast<double>(of.count));
}

}  // namespace twill::inline TWILL_ABI::bench
