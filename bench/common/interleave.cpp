#include "common/interleave.hpp"

#include <cstddef>
#include <exception>
#include <iostream>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

void measure_once(const contestant& who, bool is_ours, measurements& into) {
    try {
        into.rounds.push_back(who.measure());
    } catch (const std::exception& e) {
        if (is_ours) throw;
        into.absent = e.what();
        into.rounds.clear();
    }
}

}  // namespace

std::vector<measurements> interleave(std::span<const contestant> all, int rounds,
                                     std::string_view what) {
    std::vector<measurements> results;
    for (const contestant& who : all) results.push_back({.name = who.name, .absent = who.absent});
    for (int round = 0; round < rounds; ++round) {
        std::cerr << "  " << what << ": round " << round + 1 << " of " << rounds << '\n';
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::size_t turn = (i + static_cast<std::size_t>(round)) % all.size();
            if (results[turn].absent.empty() && round < all[turn].most_rounds)
                measure_once(all[turn], turn == 0, results[turn]);
        }
    }
    return results;
}

row make_row(row form, std::string_view metric, std::span<const measurements> from) {
    for (std::size_t i = 0; i < from.size(); ++i) {
        series values{.name = from[i].name, .rounds = {}, .absent = from[i].absent};
        for (const metrics& round : from[i].rounds)
            if (const auto found = round.find(metric); found != round.end())
                values.rounds.push_back(found->second);
        if (i == 0)
            form.ours = std::move(values.rounds);
        else if (!values.rounds.empty() || !values.absent.empty())
            form.peers.push_back(std::move(values));
    }
    return form;
}

}  // namespace twill::inline TWILL_ABI::bench
