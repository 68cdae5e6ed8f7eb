#include "scan.hpp"

#include <twill/par/for_each.hpp>
#include <twill/runtime/compute.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

namespace search {
namespace {

// Long documents are looked at in pieces, by several threads at a time, with a beat between two of
// them: a piece takes some 10 us, and where an expression is as slow as they get some 10 ms.
std::size_t piece_size(const matcher& what) noexcept {
    return what.sees_all() ? std::size_t{16} << 10 : std::size_t{64} << 10;
}

constexpr std::uint64_t first_wave = std::uint64_t{1} << 20;
constexpr std::uint64_t longest_wave = std::uint64_t{256} << 20;

std::size_t end_of_line(std::string_view text, std::size_t from) noexcept {
    const auto at = text.find('\n', from);
    return at == std::string_view::npos ? text.size() : at;
}

// Behind the first line end at or behind `at`, unless it is the beginning.
std::size_t next_line(std::string_view text, std::size_t at) noexcept {
    if (at == 0) return 0;
    return std::min(end_of_line(text, at - 1) + 1, text.size());
}

std::vector<match> find_in_pieces(twill::par::context& here, std::string_view text, bool plain,
                                  const matcher& what, std::size_t most) {
    const std::size_t size = piece_size(what);
    const std::size_t count = (text.size() + size - 1) / size;
    std::vector<std::vector<match>> found(count);
    twill::par::for_each_index(here, count, [&](std::size_t i) {
        const std::size_t from = next_line(text, i * size);
        const std::size_t to = next_line(text, std::min((i + 1) * size, text.size()));
        if (from == to) return;
        what.find_lines(text.substr(from, to - from), plain, most, found[i]);
        for (match& each : found[i]) {
            each.begin += from;
            each.end += from;
        }
    });
    std::vector<match> all;
    for (const auto& piece : found)
        all.insert(
            all.end(), piece.begin(),
            piece.begin() + static_cast<std::ptrdiff_t>(std::min(piece.size(), most - all.size())));
    return all;
}

bool continues_letter(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The line with `first` in it, or of a long one the part around that.
found_line shown(std::string_view line, match first, const matcher& what,
                 const scan_options& options) {
    found_line made;
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::vector<match> marks;
    std::size_t from = 0;
    std::size_t to = line.size();
    if (line.size() > options.longest_line) {
        const std::size_t before = options.longest_line / 4;
        from = first.begin > before ? first.begin - before : 0;
        while (from < line.size() && continues_letter(line[from])) ++from;
        to = std::min(from + options.longest_line, line.size());
        while (to < line.size() && to > from && continues_letter(line[to])) --to;
    }
    what.find_in_line(line, options.most_marks + (from == 0 ? 0 : 1024), marks);
    for (const match& each : marks) {
        const std::size_t begin = std::max(each.begin, from);
        const std::size_t end = std::min(each.end, to);
        if (begin < end && made.marks.size() < options.most_marks)
            made.marks.push_back({begin - from, end - from});
    }
    made.text = line.substr(from, to - from);
    return made;
}

std::vector<found_line> lines_of(std::string_view text, const std::vector<match>& matches,
                                 const matcher& what, const scan_options& options) {
    std::vector<found_line> lines;
    lines.reserve(matches.size());
    std::uint64_t number = 1;
    std::size_t begin = 0;  // of line `number`
    for (const match& each : matches) {
        for (auto end = end_of_line(text, begin); end < each.begin;
             end = end_of_line(text, begin)) {
            begin = end + 1;
            ++number;
        }
        const std::size_t end = end_of_line(text, begin);
        lines.push_back(shown(text.substr(begin, end - begin),
                              {each.begin - begin, each.end - begin}, what, options));
        lines.back().number = number;
    }
    return lines;
}

}  // namespace

std::vector<found_document> scan_some(twill::par::context& here, const corpus& all,
                                      std::size_t from, std::size_t to, const matcher& what,
                                      const scan_options& options) {
    std::vector<found_document> found(to - from);
    // Documents behind one that has lines enough by itself need not be looked at. Relaxed: a hint.
    std::atomic<std::size_t> last{to};
    twill::par::for_each_index(here, from, to, [&](twill::par::context& there, std::size_t i) {
        if (i > last.load(std::memory_order_relaxed)) return;
        const document_ptr& each = all.documents[i];
        std::string again;
        if (!each->resident) again = read_again(*each, options.largest_file);
        const std::string_view text = each->resident ? each->text : again;
        std::vector<match> matches;
        if (text.size() > 2 * piece_size(what))
            matches = find_in_pieces(there, text, each->plain, what, options.most_lines);
        else
            what.find_lines(text, each->plain, options.most_lines, matches);
        if (matches.empty()) return;
        if (matches.size() == options.most_lines) {
            std::size_t seen = last.load(std::memory_order_relaxed);
            while (i < seen && !last.compare_exchange_weak(seen, i, std::memory_order_relaxed)) {
            }
        }
        found[i - from] = {each, lines_of(text, matches, what, options)};
    });
    std::erase_if(found, [](const found_document& each) { return each.lines.empty(); });
    std::size_t left = options.most_lines;
    for (auto& each : found) {
        each.lines.resize(std::min(each.lines.size(), left));
        left -= each.lines.size();
    }
    std::erase_if(found, [](const found_document& each) { return each.lines.empty(); });
    return found;
}

twill::task<scan_progress> scan(const corpus& all, const matcher& what, const scan_options& options,
                                const take_found& take) {
    scan_progress progress;
    scan_options left = options;
    std::uint64_t wave = first_wave;
    const std::size_t count = all.documents.size();
    while (progress.documents < count && left.most_lines > 0) {
        const std::size_t from = progress.documents;
        std::size_t to = from;
        std::uint64_t bytes = 0;
        for (; to < count && (to == from || bytes < wave); ++to) bytes += all.documents[to]->size;
        const auto began = twill::now();
        const auto found = co_await twill::compute(
            [&](twill::par::context& here) { return scan_some(here, all, from, to, what, left); },
            {.priority = twill::priority::interactive, .name = "search"});
        const auto took =
            std::max<twill::duration>(twill::now() - began, std::chrono::microseconds(1));
        for (const auto& each : found) {
            left.most_lines -= each.lines.size();
            progress.lines += each.lines.size();
            ++progress.matched;
        }
        progress.documents = to;
        progress.bytes += bytes;
        progress.complete = left.most_lines > 0;
        co_await take(found, progress);
        // At most four times as long as the one before: what follows may be slower.
        const double speed = static_cast<double>(bytes) / static_cast<double>(took.count());
        const auto wanted = speed * static_cast<double>(options.wave.count());
        wave = std::clamp(static_cast<std::uint64_t>(wanted), first_wave / 4,
                          std::min(4 * wave, longest_wave));
    }
    progress.complete = progress.documents == count && left.most_lines > 0;
    co_return progress;
}

}  // namespace search
