#include "model.hpp"

#include "../depth_first.hpp"
#include "../pct.hpp"
#include "../pos.hpp"
#include "../random_walk.hpp"
#include "../replay.hpp"
#include "../schedule_text.hpp"
#include "../shrinking.hpp"
#include "entrance.hpp"
#include "world.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace twill::inline TWILL_ABI::explore::model {
namespace {

// Attempts at a smaller schedule.
constexpr int most_attempts = 2'000;

void* from_the_heap(std::size_t bytes) noexcept {
    void* const memory = std::malloc(bytes);
    if (memory == nullptr) std::abort();
    return memory;
}

void to_the_heap(void* memory, std::size_t /*bytes*/) noexcept { std::free(memory); }

// An arena that ends.
struct heap_arena : arena {
    heap_arena() noexcept : arena(&from_the_heap) {}
    ~heap_arena() { give_back(&to_the_heap); }
};

std::string text_of(const schedule& what) {
    std::string text(print(what, nullptr, 0), '\0');
    print(what, text.data(), text.size() + 1);
    return text;
}

// "data race" of "data race: ...": what makes two failures the same.
std::string kind_of(const std::string& failure) { return failure.substr(0, failure.find(':')); }

// Where `note_outcome` puts them.
constinit std::set<std::string>* noted = nullptr;

class rotation {
public:
    strategy& of(std::uint64_t run) noexcept {
        switch (run % 4) {
            case 0:
                return plain_;
            case 1:
                return shallow_;
            case 2:
                return deep_;
            default:
                return partial_;
        }
    }

private:
    random_walk plain_;
    pct shallow_{2};
    pct deep_{4};
    pos partial_;
};

class explorer {
public:
    explorer(const settings& how, const std::function<void()>& body)
        : how_(how), body_(body), kept_(kept_memory_) {}

    verdict explore() {
        noted = &result_.outcomes;
        const auto path = std::make_unique<search_path>();
        depth_first systematic(
            *path, how_.how == search::bounded ? how_.deviations : depth_first::unbounded,
            how_.early_timeouts);
        rotation random;
        while (result_.runs != how_.runs) {
            strategy& decides = how_.how == search::sample ? random.of(result_.runs) : systematic;
            if (!run(decides, how_.seed + result_.runs, how_.each)) break;
            if (!decides.end_run()) {
                result_.complete = !path->truncated;
                break;
            }
        }
        result_.sites = shop_.sites();
        if (!result_.passed() && how_.explains) explain();
        result_.schedule = text_of(kept_);
        return std::move(result_);
    }

    verdict repeat(const std::string& text) {
        heap_arena memory;
        schedule what(memory);
        const parse_error wrong = parse(text.data(), text.size(), what);
        if (wrong.what != nullptr)
            throw std::invalid_argument(std::string("a schedule: expected ") + wrong.what);
        follow(what);
        return std::move(result_);
    }

private:
    // False if it failed.
    bool run(strategy& decides, std::uint64_t seed, const run_settings& each) {
        world in(shop_, decides, seed, known_, each);
        in.run(body_);
        ++result_.runs;
        if (in.pruned()) ++result_.pruned;
        in.engine().learn(known_);
        if (!in.failed()) return true;
        kept_.assign(in.engine().record());
        result_.failure = in.failure();
        return false;
    }

    void explain() {
        shrinking less(kept_memory_, kept_);
        const std::string kind = kind_of(result_.failure);
        for (int attempts = 0; attempts != most_attempts; ++attempts) {
            const schedule* const attempt = less.propose();
            if (attempt == nullptr) break;
            replay loosely(*attempt, replay::how::loose);
            world in(shop_, loosely, 0, known_, how_.each);
            in.run(body_);
            less.tried(in.failed() && kind_of(in.failure()) == kind, in.engine().record());
        }
        follow(less.best());
    }

    void follow(const schedule& what) {
        replay again(what);
        run_settings narrated = how_.each;
        narrated.narrate = true;
        world in(shop_, again, 0, known_, narrated);
        in.run(body_);
        result_.failure = in.failure();
        result_.story = in.story();
        kept_.assign(in.engine().record());
    }

    const settings& how_;
    const std::function<void()>& body_;
    workshop shop_;
    profile known_;
    heap_arena kept_memory_;
    schedule kept_;
    verdict result_;
};

}  // namespace

verdict explore(const settings& how, const std::function<void()>& body) {
    return explorer(how, body).explore();
}

verdict repeat(const settings& how, const std::string& schedule,
               const std::function<void()>& body) {
    return explorer(how, body).repeat(schedule);
}

std::string verdict::report() const {
    if (passed())
        return "passed " + std::to_string(runs - pruned) + " runs" +
               (complete ? ", which are all" : "");
    std::string text = failure + "\n  in run " + std::to_string(runs) + ", made smaller:\n";
    for (const std::string& line : story) text += "    " + line + '\n';
    return text + "  schedule: " + schedule + '\n';
}

// ---- for the body

thread::thread(std::function<void()> body) : number_(world::entered()->start(std::move(body))) {}

void thread::join() {
    if (std::exchange(joined_, true)) return;
    world::entered()->join(number_);
}

void thread::detach() {
    joined_ = true;
    world::entered()->detach(number_);
}

std::uint32_t this_thread() { return world::entered()->self(); }

void join(std::uint32_t number) { world::entered()->join(number); }

event::event() : number_(world::entered()->number()) {}

void event::set() {
    world& in = *world::entered();
    const world::entry own;
    in.point({.kind = op_kind::notify, .object = number_});
    if (in.narrates()) in.tell("sets an event");
    set_ = true;
    in.engine().wake_all(number_);
}

bool event::take() {
    world& in = *world::entered();
    const world::entry own;
    in.point({.kind = op_kind::wait, .object = number_});
    return std::exchange(set_, false);
}

bool event::wait(std::uint64_t deadline) {
    if (take()) return true;
    world& in = *world::entered();
    const world::entry own;
    if (in.narrates()) in.tell("waits for an event");
    const bool timed_out =
        in.point({.kind = op_kind::wait, .blocked = true, .object = number_, .deadline = deadline});
    if (in.narrates()) in.tell(timed_out ? "has waited long enough" : "the event was set");
    return std::exchange(set_, false);
}

void check(bool holds, const char* what) {
    if (holds) return;
    world& in = *world::entered();
    const world::entry own;
    in.fail(std::string("wrong: ") + what);
}

unsigned choose(unsigned options) {
    world& in = *world::entered();
    const world::entry own;
    return in.engine().pick(in.self(), options);
}

void hold_constant(const void* atomic) { entrance::hold_constant(atomic); }

std::uint64_t virtual_now() {
    world* const in = world::entered();
    if (in == nullptr) return 0;
    const world::entry own;
    // A loop that waits for a time to come must come to an end.
    constexpr std::uint64_t a_look = 1'000;
    in->engine().advance(a_look);
    return in->engine().now();
}

void sleep(std::uint64_t length) {
    world& in = *world::entered();
    const world::entry own;
    if (in.narrates()) in.tell("sleeps");
    in.point({.kind = op_kind::sleep,
              .writes = false,
              .blocked = true,
              .deadline = in.engine().now() + length});
}

void note_outcome(const std::string& what) {
    const world::entry own;
    noted->insert(what.c_str());  // not a copy, which would lie in the run's memory
}

void barrier_of_all(std::source_location where) {
    if (world* const in = world::entered()) {
        const world::entry own;
        in->atomics().barrier(where);
    }
}

void say(const std::string& line) {
    world& in = *world::entered();
    const world::entry own;
    // Not a copy, which would lie in the run's memory.
    if (in.narrates()) in.tell(line.c_str());  // NOLINT(readability-redundant-string-cstr)
}

// ---- mutants

namespace {

std::vector<std::memory_order> weaker(std::memory_order order, action what) {
    using enum std::memory_order;
    switch (order) {
        case seq_cst:
            if (what == action::load) return {acquire};
            if (what == action::store) return {release};
            return {acq_rel};
        case acq_rel:
            return {acquire, release};
        case acquire:
        case consume:
        case release:
            return {relaxed};
        default:
            return {};
    }
}

}  // namespace

std::vector<change> weaker_orders(const std::vector<site>& sites) {
    std::vector<change> all;
    for (const site& each : sites) {
        if (each.what == action::wait || each.what == action::notify ||
            each.what == action::barrier)
            continue;
        for (const std::memory_order order : weaker(each.order, each.what))
            all.push_back({.how = change::kind::weaken, .at = each, .order = order});
        if (each.what == action::compare)
            for (const std::memory_order order : weaker(each.failure, action::load))
                all.push_back({.how = change::kind::weaken_failure, .at = each, .order = order});
    }
    return all;
}

change change_at(const std::vector<site>& sites, const std::string& title, change::kind how,
                 unsigned which, std::uint64_t value) {
    std::vector<site> found;
    for (const site& each : sites)
        if (each.title() == title) found.push_back(each);
    std::sort(found.begin(), found.end(), [](const site& a, const site& b) {
        return a.where.line() < b.where.line() ||
               (a.where.line() == b.where.line() && a.where.column() < b.where.column());
    });
    if (which >= found.size()) throw std::invalid_argument("no such site: " + title);
    return {.how = how, .at = found[which], .value = value};
}

std::vector<site> sites_of(const std::vector<scenario>& all) {
    std::vector<site> sites;
    for (const scenario& each : all)
        for (const site& used : explore(each.how, each.body).sites)
            if (std::none_of(sites.begin(), sites.end(),
                             [&](const site& known) { return known.same_as(used); }))
                sites.push_back(used);
    return sites;
}

std::vector<std::string> unnoticed(const std::vector<scenario>& all,
                                   const std::vector<change>& mutants) {
    std::vector<std::string> titles;
    for (const change& mutant : mutants) {
        const bool noticed = std::any_of(all.begin(), all.end(), [&](const scenario& each) {
            settings changed = each.how;
            changed.explains = false;
            changed.each.mutant = mutant;
            return !explore(changed, each.body).passed();
        });
        if (!noticed) titles.push_back(mutant.title());
    }
    return titles;
}

}  // namespace twill::inline TWILL_ABI::explore::model
