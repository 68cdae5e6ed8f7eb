#include <twill/trace/timeline_svg.hpp>

#include "lane_svg.hpp"
#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace twill::inline TWILL_ABI::trace {
namespace {

using detail::append_number;
using detail::append_xml;

constexpr double width = 1200;
constexpr double margin = 28;
constexpr double busy_column = 76;  // at the right: "87 % busy"
constexpr std::size_t most_lanes = 64;
constexpr std::size_t most_bytes = 270'000;

// f: fill of a colour; t: text upon it. Plain rules and no variables: not every renderer has those.
constexpr std::string_view style = R"css(<style>
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-size:13px;fill:#1b1f24}
.title{font-size:21px;font-weight:600}.small{font-size:12px}.in{font-size:11.5px;pointer-events:none}
.end{text-anchor:end}.mid{text-anchor:middle}rect.bar:hover{opacity:.75}
.bg{fill:#fff}.lane{fill:#f3f5f7}.grid{stroke:#d8dee4}.soft{fill:#59636e}
.f0{fill:#0072b2}.f1{fill:#e69f00}.f2{fill:#009e73}.f3{fill:#b8639a}.f4{fill:#56b4e9}.f5{fill:#d55e00}.f6{fill:#9aa4ae}
.t0,.t2,.t3,.t5{fill:#fff}.t1{fill:#241a00}.t4{fill:#06283a}.t6{fill:#1b1f24}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}
.bg{fill:#0d1117}.lane{fill:#161c24}.grid{stroke:#2b323b}.soft{fill:#9aa5b1}
.f0{fill:#3b9edb}.f1{fill:#f0b429}.f2{fill:#2bbd92}.f3{fill:#d68fbd}.f4{fill:#8fd0f5}.f5{fill:#f07f3c}.f6{fill:#5b6673}
.t0,.t1,.t2,.t3,.t4,.t5{fill:#0b1016}.t6{fill:#e6edf3}}
</style>
)css";

// Breaks `text` between words into lines of at most `most` code points, as far as words allow.
std::vector<std::string> wrapped(std::string_view text, std::size_t most) {
    std::vector<std::string> lines;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string word = detail::shortened(text.substr(0, end), most);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t length = detail::code_points(word);
        if (length == 0) continue;
        if (lines.empty() || used + 1 + length > most) {
            lines.push_back(word);
            used = length;
        } else {
            lines.back() += ' ' + word;
            used += 1 + length;
        }
    }
    return lines;
}

// 1, 2 or 5 times a power of ten, so that about eight steps make `length`.
double tick_step(double length) noexcept {
    const double rough = length / 8;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= rough * 0.999) return factor * power;
    return 10 * power;
}

class painter {
public:
    explicit painter(const timeline& picture) : picture_(picture) {
        shown_ = std::min(picture.lanes.size(), most_lanes);
        lane_height_ = shown_ <= 12 ? 30 : shown_ <= 32 ? 20 : 14;
        lane_pitch_ = lane_height_ + (shown_ <= 12 ? 10 : shown_ <= 32 ? 6 : 4);
        duration last{1};
        std::size_t longest = 0;
        used_.resize(picture.categories.size());
        for (std::size_t i = 0; i < picture.lanes.size(); ++i) {
            if (i < shown_) longest = std::max(longest, detail::code_points(picture.lanes[i].name));
            for (const bar& one : picture.lanes[i].bars) {
                used_.at(one.category) = true;
                last = std::max(last, one.to);
            }
        }
        length_ = std::max(duration{1}, picture.length > duration::zero() ? picture.length : last);
        left_ = margin + 7.6 * static_cast<double>(std::clamp<std::size_t>(longest, 4, 24)) + 14;
    }

    std::string paint() {
        paint_heading();
        top_ = y_;
        bottom_ = top_ + lane_pitch_ * static_cast<double>(std::max<std::size_t>(shown_, 1));
        paint_axis();
        paint_lanes();
        y_ = bottom_ + 26;
        if (shown_ < picture_.lanes.size()) {
            y_ += 20;
            const auto more = std::to_string(picture_.lanes.size() - shown_);
            text(left_, y_, "soft small", "and " + more + " more lanes, not shown");
        }
        return head() + body_ + "</svg>\n";
    }

private:
    std::string head() const {
        std::string out = R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 )";
        append_number(out, width, 0);
        out += ' ';
        append_number(out, y_ + margin - 8, 0);
        out += "\" width=\"1200\"><title>";
        append_xml(out, picture_.title);
        out += "</title>\n";
        out += style;
        out += "<rect class=\"bg\" width=\"100%\" height=\"100%\" rx=\"10\"/>\n";
        return out;
    }

    void text(double x, double y, std::string_view css, std::string_view what) {
        body_ += "<text x=\"";
        append_number(body_, x, 1);
        body_ += "\" y=\"";
        append_number(body_, y, 1);
        body_ += "\" class=\"";
        body_ += css;
        body_ += "\">";
        append_xml(body_, what);
        body_ += "</text>\n";
    }

    void paint_heading() {
        y_ = margin + 16;
        if (!picture_.title.empty()) {
            text(margin, y_, "title", detail::shortened(picture_.title, 95));
            y_ += 25;
        }
        for (const std::string& line : wrapped(picture_.caption, 155)) {
            text(margin, y_, "soft", line);
            y_ += 19;
        }
        y_ += 9;
        paint_legend();
        y_ += 16;
    }

    void paint_legend() {
        double x = margin;
        bool any = false;
        for (std::size_t i = 0; i < used_.size(); ++i) {
            if (!used_[i]) continue;
            const category& one = picture_.categories[i];
            const std::string shown = detail::shortened(one.name, 40);
            const double advance = 20 + 7.6 * static_cast<double>(detail::code_points(shown)) + 22;
            if (any && x + advance > width - margin) {
                x = margin;
                y_ += 22;
            }
            any = true;
            body_ += "<rect x=\"";
            append_number(body_, x, 1);
            body_ += "\" y=\"";
            append_number(body_, one.quiet ? y_ - 6 : y_ - 11, 1);
            body_ += "\" width=\"13\" rx=\"2.5\" height=\"";
            body_ += one.quiet ? "3" : "13";
            body_ += "\" class=\"f" + std::to_string(static_cast<int>(one.shown_in)) + "\"/>";
            text(x + 20, y_, "", shown);
            x += advance;
        }
        if (any) y_ += 8;
    }

    void paint_axis() {
        const auto total = static_cast<double>(length_.count());
        const std::string of_its_own = " " + picture_.unit;
        const double unit = !picture_.unit.empty() ? 1
                            : total >= 1e9         ? 1e9
                            : total >= 1e6         ? 1e6
                            : total >= 1e3         ? 1e3
                                                   : 1;
        const char* unit_name = !picture_.unit.empty() ? of_its_own.c_str()
                                : unit == 1e9          ? " s"
                                : unit == 1e6          ? " ms"
                                : unit == 1e3          ? " \xC2\xB5s"
                                                       : " ns";
        const double step = std::max(1.0, tick_step(total));
        for (int i = 0; i * step <= total * 1.0001; ++i) {
            const double x = left_ + i * step / total * plot_width();
            body_ += "<path class=\"grid\" d=\"M";
            append_number(body_, x, 1);
            body_ += ' ';
            append_number(body_, top_ - 4, 1);
            body_ += 'V';
            append_number(body_, bottom_, 1);
            body_ += "\"/>";
            std::string label;
            append_number(label, i * step / unit, 2);
            text(x, bottom_ + 18, "mid soft small", label + unit_name);
        }
    }

    void paint_lanes() {
        if (shown_ == 0) {
            text(left_ + plot_width() / 2, top_ + lane_height_ * 0.65, "mid soft",
                 "nothing was recorded");
            return;
        }
        // Coarser and coarser, until the file is small enough.
        std::string drawn;
        for (double grain = 1;; grain *= 2) {
            drawn.clear();
            // Rectangles cost more bytes than areas: these may stay finer.
            const detail::lane_canvas canvas{length_,
                                             plot_width(),
                                             lane_height_,
                                             grain,
                                             std::max(1.0, grain / 4),
                                             picture_.unit.empty()};
            for (std::size_t i = 0; i < shown_; ++i) paint_lane(drawn, canvas, i);
            if (drawn.size() <= most_bytes || grain > plot_width()) break;
        }
        body_ += drawn;
        for (std::size_t i = 0; i < shown_; ++i) paint_lane_texts(i);
    }

    void paint_lane(std::string& out, const detail::lane_canvas& canvas, std::size_t index) const {
        out += "<g transform=\"translate(";
        append_number(out, left_, 1);
        out += ' ';
        append_number(out, lane_top(index), 1);
        out += ")\"><rect class=\"lane\" rx=\"3\" width=\"";
        append_number(out, plot_width(), 1);
        out += "\" height=\"";
        append_number(out, lane_height_, 1);
        out += "\"/>\n";
        detail::append_lane(out, canvas, picture_.lanes[index], picture_.categories);
        out += "</g>\n";
    }

    void paint_lane_texts(std::size_t index) {
        const lane& one = picture_.lanes[index];
        const double baseline = lane_top(index) + lane_height_ / 2 + 4.5;
        text(left_ - 12, baseline, lane_height_ < 16 ? "end small" : "end",
             detail::shortened(one.name, 24));
        if (!picture_.unit.empty()) return;
        const double share = detail::busy_share(one, picture_.categories, length_);
        std::string busy;
        append_number(busy, share * 100, share > 0 && share < 0.1 ? 1 : 0);
        text(width - margin, baseline, "end soft small", busy + " % busy");
    }

    [[nodiscard]] double plot_width() const noexcept {
        return width - margin - busy_column - left_;
    }
    [[nodiscard]] double lane_top(std::size_t index) const noexcept {
        return top_ + lane_pitch_ * static_cast<double>(index);
    }

    const timeline& picture_;
    std::size_t shown_ = 0;
    std::vector<bool> used_;  // by category
    duration length_{};
    double left_ = 0, top_ = 0, bottom_ = 0;  // of the plot
    double lane_height_ = 0, lane_pitch_ = 0;
    double y_ = 0;  // where the next thing goes
    std::string body_;
};

}  // namespace

std::string timeline_svg(const timeline& picture) { return painter(picture).paint(); }

}  // namespace twill::inline TWILL_ABI::trace
