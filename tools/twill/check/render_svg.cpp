// The interleaving as a picture: a lane for each thread, a column for each step.
#include "twill/check/places.hpp"
#include "twill/check/render.hpp"

#include <twill/trace/timeline_svg.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

namespace twill_command::check {
namespace {

enum category : std::size_t { step, waiting, failure };

// The left edge of the column of a step, counted from 0.
twill::duration at(std::size_t step) { return twill::duration(static_cast<std::int64_t>(step)); }

std::string label_of(const step_account& of) {
    // Where a thread ends is in libc.
    const auto place = of.doing == "ends" ? std::string() : short_place(of.where);
    return place.empty() ? of.doing : fmt::format("{}  {}", place, of.doing);
}

// Those that the finding is about.
std::set<unsigned> parties_of(const finding_account& found, const failing_run& run) {
    std::set<unsigned> all;
    if (found.kind == "deadlock") {
        for (const auto& each : run.threads)
            if (each.blocked) all.insert(each.index);
    } else {
        all.insert(found.thread);
        if (found.other) all.insert(*found.other);
    }
    return all;
}

std::string why_it_waits(const thread_account& of) {
    return of.waits_for && !of.waits_for_end
               ? fmt::format("{}, held by thread {}", of.doing, *of.waits_for)
               : of.doing;
}

class picture_of_run {
public:
    explicit picture_of_run(const failing_run& run) : run_(run) {
        made_.categories = {{"a step", twill::trace::colour::blue},
                            {"waits", twill::trace::colour::grey, true},
                            {"the failure", twill::trace::colour::red}};
        made_.unit = "steps";
        for (const auto& each : run.steps) grow_to(each.thread);
        for (const auto& each : run.threads) grow_to(each.index);
    }

    twill::trace::timeline make() {
        std::vector<std::size_t> free_from(made_.lanes.size());  // behind its last step
        for (std::size_t i = 0; i < run_.steps.size(); ++i) {
            const auto& each = run_.steps[i];
            auto& lane = made_.lanes[each.thread];
            if (each.waited && free_from[each.thread] < i)
                lane.bars.push_back(
                    {at(free_from[each.thread]), at(i), waiting, "until it " + each.doing});
            lane.bars.push_back({at(i), at(i + 1), step, label_of(each)});
            free_from[each.thread] = i + 1;
        }
        mark_the_end(free_from);
        return std::move(made_);
    }

private:
    void grow_to(unsigned thread) {
        while (made_.lanes.size() <= thread) {
            const auto index = static_cast<unsigned>(made_.lanes.size());
            made_.lanes.push_back({thread_name(run_, index), {}});
        }
    }

    // One more column, for what was found.
    void mark_the_end(const std::vector<std::size_t>& free_from) {
        const std::size_t end = run_.steps.size();
        for (const auto& each : run_.threads)
            if (each.blocked && free_from[each.index] < end)
                made_.lanes[each.index].bars.push_back(
                    {at(free_from[each.index]), at(end), waiting, why_it_waits(each)});
        const auto& found = run_.findings.front();
        for (const unsigned each : parties_of(found, run_)) {
            grow_to(each);
            std::string why = found.summary;
            for (const auto& thread : run_.threads)
                if (thread.index == each && thread.blocked) why = why_it_waits(thread);
            made_.lanes[each].bars.push_back({at(end), at(end + 1), failure, why});
        }
    }

    const failing_run& run_;
    twill::trace::timeline made_;
};

}  // namespace

std::string svg_of(const failing_run& run, const result& in) {
    auto picture = picture_of_run(run).make();
    picture.title = run.findings.front().summary;
    picture.caption = fmt::format(
        "{}: {} steps, in their order from left to right; one thread runs at a time. Point at a "
        "bar "
        "to see where in the source it is.",
        command_line_of(in.program), run.steps.size());
    if (run.steps_cut) picture.caption += " There were more steps, which were not kept.";
    return twill::trace::timeline_svg(picture);
}

}  // namespace twill_command::check
