// What would more cores bring? The same picture, cut in stripes, in rows, and in one row.
//
//     profile_regions                      # says what a program can ask for
//     TWILL_PROFILE=1 profile_regions      # a table of all regions, at the end
#include <twill/twill.hpp>

#include <complex>
#include <cstddef>
#include <cstdio>
#include <vector>

namespace {

constexpr std::size_t width = 480;
constexpr std::size_t height = 320;
constexpr std::size_t stripes = 8;

// How soon the point's orbit leaves the circle: of the Mandelbrot set itself never.
int steps_of(std::size_t column, std::size_t row) {
    const std::complex<double> point(static_cast<double>(column) * 3 / width - 2,
                                     static_cast<double>(row) * 2 / height - 1);
    std::complex<double> orbit;
    int steps = 0;
    for (; steps != 200 && std::norm(orbit) < 4; ++steps) orbit = orbit * orbit + point;
    return steps;
}

std::vector<int> picture(width* height);

void draw_row(std::size_t row) {
    for (std::size_t column = 0; column != width; ++column)
        picture[row * width + column] = steps_of(column, row);
}

void draw_by_stripes() {
    twill::par::for_each_index(stripes, [](std::size_t stripe) {
        const std::size_t rows = height / stripes;
        for (std::size_t row = stripe * rows; row != (stripe + 1) * rows; ++row) draw_row(row);
    });
}

void draw_by_rows() { twill::par::for_each_index(height, draw_row); }

void draw_one_row() {
    twill::par::for_each_index(width,
                               [](std::size_t column) { picture[column] = steps_of(column, 0); });
}

}  // namespace

int main() {
    // These are in the table of TWILL_PROFILE=1.
    twill::par::region(draw_by_stripes, {.name = "by stripes"});
    twill::par::region(draw_by_rows, {.name = "by rows"});
    twill::par::region(draw_one_row, {.name = "one row"});
    // And this is how a program asks for itself.
    const twill::work_span seen = twill::par::profile(draw_by_rows);
    std::printf("by rows: parallelism %.0f; on 16 cores %.1f to %.1f times as fast\n",
                seen.parallelism(), seen.speedup_at_least(16), seen.speedup_at_most(16));
}
