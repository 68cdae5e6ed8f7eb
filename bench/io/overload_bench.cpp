// Twice the requests that a server can answer, each of which costs a few milliseconds of a core:
// twill with admission, without, and Go. (nginx computes nothing: it would have to pass them on.)

#include "common/interleave.hpp"
#include "common/program.hpp"
#include "common/words.hpp"
#include "io/groups.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace twill::inline TWILL_ABI::bench {
namespace {

metrics measure(const settings& how, const words& server) {
    running_program serving({.argv = server});
    const auto port = static_cast<unsigned>(serving.await("port"));
    return run_program({.argv = {how.self, "run", "rate", "--port", std::to_string(port),
                                 "--connections", "2000", "--seconds", how.quick ? "1" : "4"}});
}

}  // namespace

std::vector<row> overload_rows(const settings& how) {
    const std::string what = "overload: 2x the load, 250 ms of patience";
    if (!how.wants(what)) return {};
    const auto go = how.peers / "bin" / "go";
    std::vector<contestant> all;
    all.push_back({.name = "twill", .measure = [&how] {
                       return measure(how, {how.self, "run", "overloaded", "admission"});
                   }});
    all.push_back({.name = "twill without admission", .measure = [&how] {
                       return measure(how, {how.self, "run", "overloaded", "none"});
                   }});
    all.push_back(
        {.name = "Go", .measure = [&how, go] { return measure(how, {go, "overloaded"}); }});
    if (!std::filesystem::exists(go)) all.back().absent = "scripts/bench-peers did not make it";
    const auto measured = interleave(all, how.rounds, what);

    std::vector<row> rows;
    rows.push_back(make_row(
        {.name = what + ", what it could do", .unit = "answers/s", .direction = better::more},
        "could_per_s", measured));
    rows.push_back(
        make_row({.name = what + ", in time", .unit = "answers/s", .direction = better::more},
                 "good_per_s", measured));
    row share{
        .name = what + ", in time, of what it could do", .unit = "x", .direction = better::more};
    share.targets = {{.bound = 0.95, .binding = true}};
    rows.push_back(make_row(std::move(share), "good_share", measured));
    rows.push_back(
        make_row({.name = what + ", refused", .unit = "answers/s"}, "refused_per_s", measured));
    rows.push_back(
        make_row({.name = what + ", p99 of those admitted", .unit = "us"}, "p99_us", measured));
    return rows;
}

}  // namespace twill::inline TWILL_ABI::bench
