// Which experiments make a group, and what they gave.
//
//     bench::plan all;
//     all.add("on", twill, {.job = "on"});
//     all.add("off", twill, {});
//     const bench::outcome seen = all.carry_out(how, lab, "rates");
//     seen.of("on", "p99_us");
#pragma once

#include <twill/core/config.hpp>

#include "mixed/experiment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace twill::inline TWILL_ABI::bench {

class outcome {
public:
    explicit outcome(std::vector<measurements> all) : all_(std::move(all)) {}
    // A value a round; none, with the reason, when it could not be measured.
    [[nodiscard]] series of(std::string_view label, std::string_view metric) const;
    // The same under another name.
    [[nodiscard]] series of(std::string_view label, std::string_view metric,
                            std::string name) const;

private:
    std::vector<measurements> all_;
};

class plan {
public:
    // The first one must be twill's, and possible.
    void add(std::string label, const server& which, experiment what);
    // All in turns, in `how.rounds` rounds. Throws when one of twill's that is possible fails; a
    // peer's is absent then.
    [[nodiscard]] outcome carry_out(const settings& how, laboratory& lab,
                                    std::string_view group) const;

private:
    struct item {
        std::string label;
        server which;
        experiment what;
    };
    std::vector<item> items_;
};

}  // namespace twill::inline TWILL_ABI::bench
