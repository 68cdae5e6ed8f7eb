// Reading without waiting (async/detail/hazard, async/snapshot): what is read is not freed, and no
// change is lost.
#include <twill/async/snapshot.hpp>

#include "doors.hpp"
#include "expectations.hpp"

namespace model_test {
namespace {

using twill::snapshot;

class slots {
public:
    slots() noexcept { slots_of_run = &own_; }
    ~slots() { own_.free_all(); }

private:
    twill::detail::hazard_slots own_;
};

// Freed memory that is read fails a run by itself.
void read_against_set() {
    const slots own;
    snapshot<int> value(1);
    model::thread writer([&] { value.set(2); });
    {
        const auto view = value.read();
        model::check(*view == 1 || *view == 2, "one of them");
    }
    writer.join();
    model::check(*value.read() == 2, "the newest");
}

// A slot that one reader has given back serves the other one.
void two_readers() {
    const slots own;
    snapshot<int> value(1);
    {
        static_cast<void>(*value.read());
    }
    model::thread reader([&] { model::check(*value.read() != 0, "a value"); });
    model::thread writer([&] { value.set(2); });
    model::check(*value.read() != 0, "a value");
    reader.join();
    writer.join();
}

void update_against_update() {
    const slots own;
    snapshot<int> value(0);
    model::thread other([&] { value.update([](int& copy) { ++copy; }); });
    value.update([](int& copy) { ++copy; });
    other.join();
    model::check(*value.read() == 2, "both");
}

void update_against_set() {
    const slots own;
    snapshot<int> value(0);
    model::thread other([&] { value.set(10); });
    value.update([](int& copy) { ++copy; });
    other.join();
    const int now = *value.read();
    model::check(now == 10 || now == 11, "the later one, from the earlier one");
}

const scenarios protocol{{bounded, read_against_set},
                         {bounded, two_readers},
                         {bounded, update_against_update},
                         {bounded, update_against_set}};
const scenarios in_short{{narrow, read_against_set},
                         {narrow, two_readers},
                         {narrow, update_against_update},
                         {narrow, update_against_set}};

TEST(snapshot, reader_has_what_is_not_freed) { expect_holds(protocol[0]); }
TEST(snapshot, two_readers_have) { expect_holds(protocol[1]); }
TEST(snapshot, no_update_is_lost) { expect_holds(protocol[2]); }
TEST(snapshot, update_starts_from_the_newest) { expect_holds(protocol[3]); }

TEST(snapshot, needs_each_order) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    scenarios both = in_short;
    names found = needless_orders(both, "hazard");
    for (const auto& each : needless_orders(both, "snapshot")) found.push_back(each);
    EXPECT_EQ(found, names{});
}

TEST(snapshot, mutants_are_found) {
    SKIP_UNLESS_PLAIN_DATA_IS_WATCHED();
    using enum model::change::kind;
    EXPECT_EQ(unnoticed(in_short, {{"detail::read_through store", omit},
                                   {"snapshot::set exchange", tear},
                                   {"snapshot::try_update compare", tear},
                                   {"hazard_slots::take compare", tear},
                                   {"hazard_slots::take compare", tear, 1}}),
              names{});
}

}  // namespace
}  // namespace model_test
