#include "twill/map/job_chart.hpp"

#include <twill/core/error.hpp>
#include <twill/core/event.hpp>
#include <twill/trace/file.hpp>
#include <twill/trace/snapshot.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <deque>
#include <initializer_list>
#include <memory>
#include <utility>

namespace twill_command {
namespace {

namespace trace = twill::trace;

constexpr std::size_t longest_label = 60;

// Three shades of one colour are not to be had: these are told apart by all readers.
enum shade : std::size_t { running, queued, blocked, unmeasured };

std::vector<trace::category> shades() {
    return {{.name = "on a CPU", .shown_in = trace::colour::blue},
            {.name = "waiting for a CPU", .shown_in = trace::colour::orange},
            {.name = "blocked", .shown_in = trace::colour::sky},
            {.name = "not measured", .shown_in = trace::colour::grey}};
}

// The parts of a stretch, in this order.
struct part {
    shade what;
    twill::duration length;
    const char* name;
};
std::vector<part> parts_of(const stretch& one) {
    std::vector<part> all;
    for (const part& each :
         {part{queued, one.queued, "waiting for a CPU"}, part{running, one.run, "on a CPU"},
          part{blocked, one.blocked, "blocked"}, part{unmeasured, one.unmeasured, "not measured"}})
        if (each.length > twill::duration::zero()) all.push_back(each);
    return all;
}

std::string row_name(std::size_t slot) { return fmt::format("slot {}", slot + 1); }

std::string label_of(const stretch& one) {
    if (one.jobs > 1) return fmt::format("{} jobs", one.jobs);
    return one.failed > 0 ? one.label + " (failed)" : one.label;
}

void write_file(const std::string& path, const std::string& text) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                               std::fclose);
    if (!file) throw twill::io_error("make", path, errno);
    if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
        std::fflush(file.get()) != 0)
        throw twill::io_error("write to", path, errno);
}

}  // namespace

std::size_t job_chart::take_slot() {
    const auto free = std::ranges::find(taken_, false);
    const auto slot = static_cast<std::size_t>(free - taken_.begin());
    if (free == taken_.end()) taken_.push_back(false);
    taken_[slot] = true;
    return slot;
}

void job_chart::add(std::size_t slot, stretch one) {
    if (one.label.size() > longest_label) one.label = one.label.substr(0, longest_label) + "...";
    if (rows_.size() <= slot) rows_.resize(slot + 1);
    rows_[slot].push_back(std::move(one));
    if (++size_ > most_) merge_neighbours();
}

// Half of them are left, more or less.
void job_chart::merge_neighbours() {
    size_ = 0;
    for (auto& row : rows_) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < row.size(); i += 2) {
            stretch merged = std::move(row[i]);
            if (i + 1 < row.size()) {
                const stretch& next = row[i + 1];
                merged.to = next.to;
                merged.run += next.run;
                merged.queued += next.queued;
                merged.blocked += next.blocked;
                merged.unmeasured += next.unmeasured;
                merged.jobs += next.jobs;
                merged.failed += next.failed;
                merged.label.clear();
            }
            row[kept++] = std::move(merged);
        }
        row.resize(kept);
        size_ += kept;
    }
}

twill::time_point job_chart::first() const noexcept {
    auto earliest = twill::time_point::max();
    for (const auto& row : rows_)
        if (!row.empty()) earliest = std::min(earliest, row.front().from);
    return earliest;
}

void job_chart::save_picture(const std::string& path) const {
    trace::timeline picture{.title = "twill map", .categories = shades()};
    const auto origin = first();
    std::size_t jobs = 0;
    std::size_t failed = 0;
    for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
        trace::lane& row = picture.lanes.emplace_back();
        row.name = row_name(slot);
        for (const stretch& one : rows_[slot]) {
            jobs += one.jobs;
            failed += one.failed;
            auto at = one.from - origin;
            const std::string label = label_of(one);
            for (const part& each : parts_of(one)) {
                row.bars.push_back({at, at + each.length, each.what, label});
                at += each.length;
            }
        }
    }
    picture.caption = fmt::format(
        "{} jobs, {} failed, a row for each that ran at a time. When in a job it waited is not "
        "known: "
        "each bar shows how much of its time.",
        jobs, failed);
    write_file(path, trace::timeline_svg(picture));
}

void job_chart::save_trace(const std::string& path) const {
    trace::snapshot seen;
    std::deque<std::string> labels;  // which stay where they are
    std::uint64_t subject = 0;
    seen.from = twill::time_point::max();
    for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
        auto& row = seen.threads.emplace_back();
        row.id = static_cast<int>(slot) + 1;
        row.name = row_name(slot);
        const auto span = [&](twill::time_point from, twill::time_point to, const char* label,
                              const auto& inside) {
            ++subject;
            const auto mine = subject;
            row.events.push_back({from, mine, label, 0, twill::event_kind::span_begin});
            inside();
            row.events.push_back({to, mine, label, 0, twill::event_kind::span_end});
        };
        for (const stretch& one : rows_[slot]) {
            seen.from = std::min(seen.from, one.from);
            seen.to = std::max(seen.to, one.to);
            span(one.from, one.to, labels.emplace_back(label_of(one)).c_str(), [&] {
                auto at = one.from;
                for (const part& each : parts_of(one)) {
                    span(at, at + each.length, each.name, [] {});
                    at += each.length;
                }
            });
        }
    }
    trace::save(seen, path);
}

}  // namespace twill_command
