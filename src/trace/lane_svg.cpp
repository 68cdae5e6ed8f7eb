#include "lane_svg.hpp"

#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace twill::inline TWILL_ABI::detail {
namespace {

using trace::bar;
using trace::category;

constexpr double letter_width = 6.4;
constexpr double lowest = 2.5;      // however short the time: it can be seen
constexpr double quiet_height = 3;  // of a bar of a quiet category

class lane_painter {
public:
    lane_painter(std::string& out, const lane_canvas& canvas,
                 const std::vector<category>& categories)
        : out_(out), canvas_(canvas), categories_(categories) {
        columns_ = static_cast<std::size_t>(std::ceil(canvas.width / canvas.column));
    }

    void paint(const trace::lane& lane) {
        for (const bar& one : lane.bars)
            if (!wide(one) && one.to >= duration::zero() && one.from <= canvas_.length)
                add_narrow(one);
        for (std::size_t i = categories_.size(); i-- > 0;) paint_area(i);
        for (const bar& one : lane.bars)
            if (wide(one)) paint_bar(one);
    }

private:
    [[nodiscard]] double x_of(duration at) const noexcept {
        const double share =
            static_cast<double>(at.count()) / static_cast<double>(canvas_.length.count());
        return std::clamp(share, 0.0, 1.0) * canvas_.width;
    }
    [[nodiscard]] bool wide(const bar& one) const noexcept {
        return x_of(one.to) - x_of(one.from) >= canvas_.grain;
    }
    [[nodiscard]] std::size_t column_of(double x) const noexcept {
        return std::min(static_cast<std::size_t>(x / canvas_.column), columns_ - 1);
    }

    void add_narrow(const bar& one) {
        const category& its = categories_[one.category];
        if (its.quiet || one.to < one.from) return;
        if (shares_.empty()) {
            shares_.assign(categories_.size() * columns_, 0.0);
            counts_.assign(categories_.size(), 0);
        }
        ++counts_[one.category];
        const double from = x_of(one.from);
        const double to = x_of(one.to);
        // The tiny addend marks the column as used even when the bar has no length.
        share(one.category, column_of(from)) += 1e-12;
        for (std::size_t column = column_of(from); column <= column_of(to); ++column) {
            const double left = static_cast<double>(column) * canvas_.column;
            const double covered = std::min(to, left + canvas_.column) - std::max(from, left);
            if (covered > 0) share(one.category, column) += covered / canvas_.column;
        }
    }

    double& share(std::size_t category, std::size_t column) {
        return shares_[category * columns_ + column];
    }

    // The height up to which categories 0 to `last` fill a column, in whole units; 0 when `last`
    // has no part in it.
    int height_at(std::size_t last, std::size_t column) {
        if (share(last, column) <= 0) return 0;
        double height = 0;
        for (std::size_t i = 0; i <= last; ++i)
            if (const double part = share(i, column); part > 0)
                height += std::max(lowest, part * canvas_.height);
        return static_cast<int>(std::lround(std::min(height, canvas_.height)));
    }

    // Categories are stacked from the bottom; painted from the last to the first, each area may
    // reach down to the bottom behind those before it.
    void paint_area(std::size_t index) {
        if (shares_.empty() || counts_[index] == 0) return;
        out_ += "<path class=\"f" + std::to_string(static_cast<int>(categories_[index].shown_in));
        out_ += "\" d=\"";
        int height = 0;
        std::size_t since = 0;
        for (std::size_t column = 0; column <= columns_; ++column) {
            const int here = column < columns_ ? height_at(index, column) : 0;
            if (here == height) continue;
            if (height != 0) step('h', static_cast<double>(column - since) * canvas_.column);
            if (height == 0) {
                out_ += 'M';
                append_number(out_, static_cast<double>(column) * canvas_.column, 1);
                out_ += ' ';
                append_number(out_, canvas_.height, 0);
            }
            step('v', height - here);
            if (here == 0) out_ += 'z';
            height = here;
            since = column;
        }
        out_ += "\"><title>";
        append_xml(out_, shortened(categories_[index].name, 100));
        out_ += ": " + std::to_string(counts_[index]) + " bars, drawn together</title></path>\n";
    }

    void step(char direction, double by) {
        out_ += direction;
        append_number(out_, by, 1);
    }

    void paint_bar(const bar& one) {
        const category& its = categories_[one.category];
        const double from = x_of(one.from);
        const double width = x_of(one.to) - from;
        const double height = its.quiet ? quiet_height : canvas_.height;
        const std::string colour = std::to_string(static_cast<int>(its.shown_in));
        out_ += "<rect class=\"bar f" + colour + "\" x=\"";
        append_number(out_, from, 1);
        if (its.quiet) {
            out_ += "\" y=\"";
            append_number(out_, (canvas_.height - height) / 2, 1);
        }
        out_ += "\" width=\"";
        // A hair's breadth between neighbours keeps them apart.
        append_number(out_, width > 4 && !its.quiet ? width - 0.6 : width, 1);
        out_ += "\" height=\"";
        append_number(out_, height, 1);
        out_ += width > 8 && !its.quiet ? "\" rx=\"2\"><title>" : "\"><title>";
        paint_tooltip(one, its);
        out_ += "</title></rect>\n";
        const auto letters = static_cast<std::size_t>(std::max(0.0, (width - 10) / letter_width));
        if (letters < 5 || one.label.empty() || its.quiet || canvas_.height < 16) return;
        out_ += "<text class=\"in t" + colour + "\" x=\"";
        append_number(out_, from + 6, 1);
        out_ += "\" y=\"";
        append_number(out_, canvas_.height / 2 + 4, 1);
        out_ += "\">";
        append_xml(out_, shortened(one.label, letters));
        out_ += "</text>\n";
    }

    void paint_tooltip(const bar& one, const category& its) {
        const std::string label = shortened(one.label, 100);
        append_xml(out_, label);
        if (!label.empty() && label != its.name) out_ += "&#10;";
        if (label != its.name) append_xml(out_, shortened(its.name, 100));
        if (canvas_.of_time)
            out_ += ", " + readable(one.to - one.from) + ", from " + readable(one.from);
    }

    std::string& out_;
    const lane_canvas& canvas_;
    const std::vector<category>& categories_;
    std::size_t columns_ = 0;
    std::vector<double> shares_;       // by category, then column: part of its time
    std::vector<std::size_t> counts_;  // by category: bars that are in `shares_`
};

}  // namespace

void append_lane(std::string& out, const lane_canvas& canvas, const trace::lane& lane,
                 const std::vector<category>& categories) {
    lane_painter(out, canvas, categories).paint(lane);
}

double busy_share(const trace::lane& lane, const std::vector<category>& categories,
                  duration length) {
    std::vector<std::pair<duration, duration>> busy;
    for (const bar& one : lane.bars)
        if (!categories[one.category].quiet)
            busy.emplace_back(std::max(one.from, duration::zero()), std::min(one.to, length));
    std::ranges::sort(busy);
    duration covered{};
    duration reached{};
    for (const auto& [from, to] : busy) {
        if (to > std::max(from, reached)) covered += to - std::max(from, reached);
        reached = std::max(reached, to);
    }
    return static_cast<double>(covered.count()) / static_cast<double>(length.count());
}

}  // namespace twill::inline TWILL_ABI::detail
