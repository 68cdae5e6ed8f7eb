// What a row of the demo found out: a figure for each way of doing the work, a sentence, a picture.
#pragma once

#include <twill/trace/timeline_svg.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace twill_command::demo {

struct column {
    std::string name{};
    double value = 0;
    std::string unit{};
    std::string note{};                                     // "measured on 50", or empty
    std::vector<std::pair<std::string, double>> figures{};  // further ones, for --json
};

struct row {
    std::string id{};     // a word: names the row in JSON and its picture
    std::string title{};  // what the work is
    std::vector<column> columns{};
    std::string verdict{};
    twill::trace::timeline picture{};
};

// How much of everything the demo does.
struct sizes {
    unsigned requests = 2000;
    unsigned sequential_requests = 50;
    std::size_t bytes_of_text = 48U << 20U;
    unsigned small_sums = 1'000'000;
    unsigned small_sums_by_hand = 2000;
    unsigned counting_rounds = 7;
    unsigned load_rounds = 3;
    double load_seconds = 1.5;  // of each round
    unsigned load_per_second = 2000;
};

}  // namespace twill_command::demo
