#include "work_report.hpp"

#include <twill/core/error.hpp>
#include <twill/core/futex_mutex.hpp>

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "fork_guard.hpp"

namespace twill::inline TWILL_ABI {
namespace detail {
namespace {

constexpr unsigned predicted_cores[] = {2, 4, 8, 16, 32, 64};

// Strands of less are near the error of a reading of the clock.
constexpr duration shortest_strand = std::chrono::nanoseconds(100);

template <class... Args>
std::string formatted(const char* form, Args... args) {
    char text[64];
    const int length = std::snprintf(text, sizeof text, form, args...);
    return {text, std::min(sizeof text - 1, static_cast<std::size_t>(std::max(0, length)))};
}

std::string padded(const std::string& text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

// Three digits, and no more than there are.
std::string number_of(double value) { return formatted(value < 9.95 ? "%.1f" : "%.0f", value); }

std::string time_of(duration length) {
    const auto ns = static_cast<double>(length.count());
    for (const auto& [unit, size] : {std::pair("s", 1e9), {"ms", 1e6}, {"us", 1e3}})
        if (ns >= size)
            return formatted(ns < 9.995 * size   ? "%.2f %s"
                             : ns < 99.95 * size ? "%.1f %s"
                                                 : "%.0f %s",
                             ns / size, unit);
    return formatted("%.0f ns", ns);
}

std::string range_of(double least, double most) {
    std::string from = number_of(least);
    std::string to = number_of(most);
    return from == to ? to : from + '-' + to;
}

// Where a parallel call stands in the program, as addr2line wants it.
std::string place_in_program(const void* caller) {
    Dl_info found{};
    if (::dladdr(caller, &found) == 0 || found.dli_fname == nullptr) return "?";
    const auto* const header = static_cast<const Elf64_Ehdr*>(found.dli_fbase);
    // The call, not what comes behind it.
    auto at = reinterpret_cast<std::uintptr_t>(caller) - 1;
    if (header->e_type != ET_EXEC) at -= reinterpret_cast<std::uintptr_t>(found.dli_fbase);
    const std::string_view path = found.dli_fname;
    return std::string(path.substr(path.rfind('/') + 1)) + formatted("+0x%zx", at);
}

// "sort" for a parallel call that is a region by itself: all that is known of its place is the
// header that has begun it, and the caller in machine code.
std::string_view algorithm_of(const region_label& label) {
    constexpr std::string_view folder = "/twill/par/";
    const std::string_view file = label.file;
    const std::size_t at = file.rfind(folder);
    if (*label.name != 0 || at == file.npos || !file.ends_with(".hpp")) return {};
    return file.substr(at + folder.size(), file.size() - at - folder.size() - 4);
}

std::string title_of(const region_label& label) {
    if (const auto algorithm = algorithm_of(label); !algorithm.empty())
        return "par::" + std::string(algorithm) + ", " + place_in_program(label.caller);
    const std::string_view file = label.file;
    const std::string place =
        std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(label.line);
    return *label.name != 0 ? std::string(label.name) + " (" + place + ')' : place;
}

bool is_rough(const work_row& row) { return row.sum.work < shortest_strand * row.strands; }

std::string line_of(const work_row& row) {
    const work_span& sum = row.sum;
    std::string line = padded(time_of(sum.work), 8) + (is_rough(row) ? '~' : ' ') +
                       padded(time_of(sum.span), 8) + padded(number_of(sum.parallelism()), 12) +
                       padded(number_of(sum.burdened_parallelism()), 10) + ' ';
    for (const unsigned cores : predicted_cores)
        line += padded(range_of(sum.speedup_at_least(cores), sum.speedup_at_most(cores)), 9);
    return line + padded(std::to_string(row.runs), 8) + "  " + title_of(row.label) + '\n';
}

// ---- what was measured so far

struct record {
    futex_mutex lock;
    std::vector<work_row> rows;
    bool lost = false;
    const unsigned born_in = fork_generation();
};

// Null until it is wanted. Never destroyed: regions may end while statics are destroyed. Not a
// static of a function, which a child that is forked meanwhile would find "being initialised" for
// ever. Release and acquire: the record's fields.
constinit atomic<record*> record_of_process{nullptr};

// A line of the source may be several places in machine code.
bool same(const region_label& a, const region_label& b) {
    const auto parts = [](const region_label& label) {
        return std::tuple(label.line, std::string_view(label.name), std::string_view(label.file));
    };
    return parts(a) == parts(b) && (a.caller == b.caller || algorithm_of(a).empty());
}

// A child has no table: its parent's is not its own, and the lock may be held for ever.
bool is_of_this_process(const record& all) noexcept { return fork_generation() == all.born_in; }

void write_table() noexcept {
    record& all = *record_of_process.load(std::memory_order_acquire);
    if (!is_of_this_process(all)) return;
    try {
        std::string text;
        {
            const std::lock_guard hold(all.lock);
            if (all.rows.empty()) return;
            text = work_table(all.rows);
            if (all.lost) text += "Some regions are missing: there was no memory for them.\n";
        }
        std::fputs(text.c_str(), stderr);
    } catch (const std::bad_alloc&) {
        std::fputs("twill: the profile is lost: out of memory\n", stderr);
    }
}

}  // namespace

constinit atomic<bool> profile_wanted{false};

// Of two threads that make their first pools at the same time, one makes the record.
void look_whether_profile_is_wanted() {
    static constinit atomic<bool> looked{false};
    // Acquire and release: `profile_wanted`, and the record.
    if (looked.load(std::memory_order_acquire)) return;
    const char* const text = std::getenv("TWILL_PROFILE");
    if (text != nullptr && *text != 0 && std::string_view(text) != "0") {
        if (std::string_view(text) != "1")
            throw usage_error("read the environment variable TWILL_PROFILE=" + std::string(text) +
                              ": wanted 1, for a table at the end, or 0; mend or unset it");
        auto mine = std::make_unique<record>();
        record* others = nullptr;
        if (record_of_process.compare_exchange_strong(others, mine.get(), std::memory_order_acq_rel,
                                                      std::memory_order_acquire)) {
            [[maybe_unused]] const record* const kept = mine.release();
            static_cast<void>(std::atexit(&write_table));
        }
        profile_wanted.store(true, std::memory_order_relaxed);
    }
    looked.store(true, std::memory_order_release);
}

std::string work_table(std::span<const work_row> rows) {
    std::vector<work_row> sorted(rows.begin(), rows.end());
    std::ranges::sort(sorted, std::greater<>(), [](const work_row& row) { return row.sum.work; });
    std::string text =
        "twill: what more cores could gain; each region was run on one core\n"
        "    work      span parallelism  burdened   2 cores        4        8       16       32   "
        "    64    runs  region\n";
    for (const work_row& row : sorted) text += line_of(row);
    if (std::ranges::any_of(sorted, is_rough))
        text += "~ rough: it is measured in pieces of less than 100 ns\n";
    return text;
}

measured_region::~measured_region() {
    record& all = *record_of_process.load(std::memory_order_acquire);
    if (!is_of_this_process(all)) return;
    const work_span seen = part_.seen();
    const std::lock_guard hold(all.lock);
    auto row = std::ranges::find_if(
        all.rows, [this](const work_row& each) { return same(each.label, label_); });
    if (row == all.rows.end()) {
        try {
            row = all.rows.insert(row, work_row{label_});
        } catch (const std::bad_alloc&) {
            all.lost = true;
            return;
        }
    }
    ++row->runs;
    row->strands += part_.strands();
    row->sum.work += seen.work;
    row->sum.span += seen.span;
    row->sum.burdened_span += seen.burdened_span;
}

}  // namespace detail
}  // namespace twill::inline TWILL_ABI
