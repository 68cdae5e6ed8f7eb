#include <twill/trace/slices.hpp>
#include <twill/trace/timeline_svg.hpp>

#include <algorithm>
#include <tuple>

namespace twill::inline TWILL_ABI::trace {
namespace {

enum : std::size_t { task, compute, blocking, poll, parked, other };

std::size_t category_of(slice_kind kind) noexcept {
    switch (kind) {
        case slice_kind::task:
            return task;
        case slice_kind::region:
        case slice_kind::job:
            return compute;
        case slice_kind::blocking:
            return blocking;
        case slice_kind::poll:
            return poll;
        case slice_kind::park:
            return parked;
        case slice_kind::span:
            return other;
    }
    return other;
}

// Cuts the nested slices of one thread into bars that lie side by side.
class flattener {
public:
    flattener(std::vector<bar>& bars, time_point origin) : bars_(bars), origin_(origin) {}

    // In the order of beginnings, outer before inner.
    void add(const slice& next) {
        close_until(next.from);
        if (!open_.empty()) emit(next.from);
        // A span inside something gives it its name, not another colour.
        const std::size_t category = next.kind == slice_kind::span && !open_.empty()
                                         ? open_.back().category
                                         : category_of(next.kind);
        open_.push_back({&next, category});
        cursor_ = next.from;
    }

    void close_until(time_point at) {
        while (!open_.empty() && open_.back().what->to <= at) {
            emit(open_.back().what->to);
            open_.pop_back();
        }
    }

private:
    struct layer {
        const slice* what;
        std::size_t category;
    };

    // What is innermost now ran from the cursor to `to`.
    void emit(time_point to) {
        if (to <= cursor_) return;
        const layer& top = open_.back();
        bars_.push_back({cursor_ - origin_, to - origin_, top.category, top.what->name()});
        cursor_ = to;
    }

    std::vector<bar>& bars_;
    const time_point origin_;
    std::vector<layer> open_;
    time_point cursor_{};
};

}  // namespace

timeline timeline_of(const snapshot& seen) {
    timeline picture;
    picture.length = seen.to - seen.from;
    picture.categories = {{"task", colour::blue},         {"compute", colour::orange},
                          {"blocking", colour::purple},   {"poll", colour::sky},
                          {"parked", colour::grey, true}, {"span", colour::green}};
    std::vector<slice> slices = make_slices(seen).on_threads;
    std::ranges::sort(slices, {},
                      [](const slice& s) { return std::tuple(s.thread, s.from, s.depth); });
    auto next = slices.begin();
    for (std::uint32_t t = 0; t < seen.threads.size(); ++t) {
        lane& made = picture.lanes.emplace_back();
        made.name = seen.threads[t].name;
        flattener flat(made.bars, seen.from);
        for (; next != slices.end() && next->thread == t; ++next) flat.add(*next);
        flat.close_until(time_point::max());
    }
    return picture;
}

}  // namespace twill::inline TWILL_ABI::trace
