#include "mixed/plan.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace twill::inline TWILL_ABI::bench {

series outcome::of(std::string_view label, std::string_view metric) const {
    return of(label, metric, std::string(label));
}

series outcome::of(std::string_view label, std::string_view metric, std::string name) const {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const measurements& each) { return each.name == label; });
    if (found == all_.end())
        throw std::logic_error("'" + std::string(label) + "' was not measured");
    series values{.name = std::move(name), .rounds = {}, .absent = found->absent};
    for (const metrics& round : found->rounds) values.rounds.push_back(round.find(metric)->second);
    return values;
}

void plan::add(std::string label, const server& which, experiment what) {
    items_.push_back({std::move(label), which, std::move(what)});
}

outcome plan::carry_out(const settings& how, laboratory& lab, std::string_view group) const {
    std::vector<contestant> all;
    for (const item& each : items_) {
        contestant next{.name = each.label, .measure = [&lab, &each] {
                            metrics seen = lab.measure(each.which, each.what);
                            std::cerr << "    " << each.label << ": " << describe(seen) << '\n';
                            return seen;
                        }};
        next.absent = each.which.absent;
        if (each.which.word == "twill" && !lab.possible(each.which, each.what))
            next.absent = "this twill cannot do that";
        all.push_back(std::move(next));
    }
    auto measured = interleave(all, how.rounds, group);
    for (std::size_t i = 0; i < measured.size(); ++i)
        if (items_[i].which.word == "twill" && measured[i].absent != all[i].absent)
            throw std::runtime_error(measured[i].absent);
    return outcome(std::move(measured));
}

}  // namespace twill::inline TWILL_ABI::bench
