// One measured run: a server, what it does besides, the load on it, and who else is there.
#pragma once

#include <twill/core/config.hpp>

#include "common/interleave.hpp"
#include "common/suite.hpp"
#include "mixed/programs.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

struct server {
    std::string name;  // in tables
    std::string word;  // on command lines: run WORD
    words argv;
    std::string absent = {};
};

// Twill first.
[[nodiscard]] std::vector<server> all_servers(const settings& how);

struct experiment {
    std::string job = "off";
    double rate = 5000;
    double seconds = 4;
    std::string request = "echo";
    words options = {};  // further ones of the server
    int hogs = 0;
    bool awake = false;  // a SCHED_IDLE spinner a CPU
    double quota = 0;    // in CPUs, of the server; 0: none
};

// Runs experiments, rejects those that were disturbed, and knows how long a row is in each
// language.
class laboratory {
public:
    explicit laboratory(const settings& how);

    // What the generator and the server print (see programs.hpp and serving.hpp), and "foreign"
    // and "stolen": the shares of CPU time that others took. A run during which they took more than
    // is normal is repeated, a few times; the least disturbed counts. Throws std::runtime_error.
    [[nodiscard]] metrics measure(const server& which, const experiment& what);
    // Whether the server can do what the experiment asks of it.
    [[nodiscard]] bool possible(const server& which, const experiment& what);
    // Says on standard error how many runs were disturbed.
    void report_disturbances() const;

    // Of 94 us, for this server.
    [[nodiscard]] std::uint32_t row_iterations(const server& which);

private:
    [[nodiscard]] metrics measure_once(const server& which, const experiment& what);

    const settings& how_;
    std::map<std::string, std::uint32_t> iterations_;
    int runs_ = 0;
    int repeated_ = 0;
    int disturbed_ = 0;  // and kept
    bool said_priority_ = false;
};

// A line "name: p50 ..., p99 ..." of what was measured.
[[nodiscard]] std::string describe(const metrics& measured);

}  // namespace twill::inline TWILL_ABI::bench
