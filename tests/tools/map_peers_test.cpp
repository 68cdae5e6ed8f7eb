// `twill map` beside xargs and GNU parallel, in what they have in common: for whoever changes from
// them, a line of a table each. Where it differs on purpose, docs/map.md says so.
#include "tools/running_command.hpp"

#include <span>

namespace {

using namespace twill_test;

// Two lines of shell that should write the same and end with the same status. In them `map` is
// `twill map`, and `parallel` asks no questions.
struct pair {
    std::string_view name;
    std::string_view ours;
    std::string_view theirs;
};

outcome by_shell(const scratch_folder& folder, std::string_view line) {
    const std::string script =
        "cd '" + (folder / "") + "'; map() { '" + TWILL_COMMAND +
        "' map \"$@\"; }; parallel() { command parallel --will-cite \"$@\"; }; " +
        std::string(line);
    std::ofstream(folder / "script") << script;
    const int status = std::system(("sh '" + (folder / "script") + "' > '" + (folder / "out") +
                                    "' 2> '" + (folder / "err") + "'")
                                       .c_str());
    const auto text_of = [&](const char* name) {
        std::ostringstream text;
        text << std::ifstream(folder / name).rdbuf();
        return text.str();
    };
    return {.status = WEXITSTATUS(status), .out = text_of("out"), .err = text_of("err")};
}

void expect_same(std::span<const pair> table) {
    for (const pair& each : table) {
        const scratch_folder ours;
        const scratch_folder theirs;
        const auto mine = by_shell(ours, each.ours);
        const auto other = by_shell(theirs, each.theirs);
        EXPECT_EQ(mine.out, other.out) << each.name << "\n  " << each.ours << "\n  " << each.theirs;
        EXPECT_EQ(mine.status, other.status) << each.name << "\n  " << each.ours << "\n"
                                             << mine.err << "  " << each.theirs << "\n"
                                             << other.err;
    }
}

bool is_there(const char* program) {
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

// -d '\n': as lines, where xargs would split at blanks and take quotes.
TEST(map_peers, xargs) {
    if (!is_there("xargs")) GTEST_SKIP() << "there is no xargs here";
    const pair table[] = {
        {"lines", "printf 'a b\nc\n' | map -kj2 echo",
         "printf 'a b\nc\n' | xargs -d '\n' -P1 -n1 echo"},
        {"no newline at the end", "printf 'a\nb' | map -k echo",
         "printf 'a\nb' | xargs -d '\n' -n1 echo"},
        {"place", "printf 'a\nb\n' | map -k -- echo '<{}>' {}",
         "printf 'a\nb\n' | xargs -I{} echo '<{}>' {}"},
        {"NUL", "printf 'a\\nb\\0\\0c' | map -k0 printf '<%s>'",
         "printf 'a\\nb\\0\\0c' | xargs -0 -n1 printf '<%s>'"},
        {"characters of a shell",
         "printf '%s\n' '$HOME' '`id`' 'a;b' '*' \"it's\" 'q\"q' 'back\\\\s' | map -k printf '%s|'",
         "printf '%s\n' '$HOME' '`id`' 'a;b' '*' \"it's\" 'q\"q' 'back\\\\s' | xargs -d '\n' -n1 "
         "printf '%s|'"},
        {"leading dashes", "printf '%s\n' -n -- -e | map -k printf '%s|' x",
         "printf '%s\n' -n -- -e | xargs -d '\n' -n1 printf '%s|' x"},
        {"bytes that are no UTF-8", "printf '\\377\\300\n' | map printf '%s'",
         "printf '\\377\\300\n' | xargs -d '\n' printf '%s'"},
        {"several a process", "seq 7 | map -k --batch 3 echo", "seq 7 | xargs -n 3 echo"},
        {"all in one", "seq 7 | map -k --batch 10000 echo", "seq 7 | xargs echo"},
        {"no input", "map echo x < /dev/null", "xargs -r echo x < /dev/null"},
        {"file", "seq 3 > list; map -k -a list echo", "seq 3 > list; xargs -a list -n1 echo"},
        {"program that is not there", "echo 1 | map no-such-program",
         "echo 1 | xargs no-such-program"},
        {"program that is none", "echo 1 | map /etc/passwd", "echo 1 | xargs /etc/passwd"},
        {"all succeed", "seq 3 | map -j2 true", "seq 3 | xargs -n1 -P2 true"},
        {"jobs read nothing", "seq 3 | map -k sh -c 'cat; echo $1' sh",
         "seq 3 | xargs -n1 sh -c 'cat; echo $1' sh"},
        {"long argument", "head -c 100000 /dev/zero | tr '\\0' x | map sh -c 'echo ${#1}' sh",
         "head -c 100000 /dev/zero | tr '\\0' x | xargs -d '\n' sh -c 'echo ${#1}' sh"},
        {"carriage returns stay", "printf 'a\\r\nb\\r\n' | map -k printf '%s|'",
         "printf 'a\\r\nb\\r\n' | xargs -d '\n' -n1 printf '%s|'"},
    };
    expect_same(table);
}

TEST(map_peers, parallel_inputs_and_places) {
    if (!is_there("parallel")) GTEST_SKIP() << "there is no GNU parallel here";
    const pair table[] = {
        {"arguments", "map -k echo ::: a 'b c' ''", "parallel -k echo ::: a 'b c' ''"},
        {"lines", "seq 5 | map -k echo", "seq 5 | parallel -k echo"},
        {"twice", "map -k echo {} x{}y ::: a b", "parallel -k echo {} x{}y ::: a b"},
        {"number", "map -k echo {#} {} ::: a b", "parallel -k echo {#} {} ::: a b"},
        {"parts of a path",
         "map -k echo {.} {/} {//} {/.} ::: a/b.c a.b/c x.tar.gz b.c /r/s.t ./u a/b/c.d",
         "parallel -k echo {.} {/} {//} {/.} ::: a/b.c a.b/c x.tar.gz b.c /r/s.t ./u a/b/c.d"},
        {"characters of a shell",
         "map -k echo {} ::: '$HOME' '`id`' 'a;b' '*' \"it's\" 'q\"q' '#x' '~'",
         "parallel -k echo {} ::: '$HOME' '`id`' 'a;b' '*' \"it's\" 'q\"q' '#x' '~'"},
        {"NUL", "printf 'a\\nb\\0c' | map -k0 echo", "printf 'a\\nb\\0c' | parallel -k0 echo"},
        {"file", "seq 3 > list; map -k -a list echo", "seq 3 > list; parallel -k -a list echo"},
        {"file behind", "seq 3 > list; map -k echo :::: list",
         "seq 3 > list; parallel -k echo :::: list"},
        {"dry run", "map -k --dry-run echo {} ::: a b", "parallel -k --dry-run echo {} ::: a b"},
        {"no input", "map echo < /dev/null", "parallel echo < /dev/null"},
        {"several a process", "map -k --batch 2 echo ::: a b c", "parallel -k -n2 echo ::: a b c"},
        {"in order", "map -kj3 sh -c 'sleep 0.$1; echo $1' sh ::: 3 2 1",
         "parallel -kj3 'sleep 0.{}; echo {}' ::: 3 2 1"},
        {"tags", "map -k --tag printf '1\\n2\\n' ::: a 'b c'",
         "parallel -k --tag 'printf 1\\\\n2\\\\n; : {}' ::: a 'b c'"},
        {"jobs at once see both streams", "map -j1 sh -c 'echo $1; echo $1 >&2' sh ::: a 2>&1",
         "parallel -j1 'echo {}; echo {} >&2' ::: a 2>&1"},
        {"bytes that are no UTF-8", "printf '\\377\\300\n' | map echo",
         "printf '\\377\\300\n' | parallel echo"},
    };
    expect_same(table);
}

TEST(map_peers, parallel_failures) {
    if (!is_there("parallel")) GTEST_SKIP() << "there is no GNU parallel here";
    const pair table[] = {
        {"one failed", "map -k sh -c 'exit $1' sh ::: 0 3 0", "parallel -k 'exit {}' ::: 0 3 0"},
        {"three failed", "map -k sh -c 'exit $1' sh ::: 1 2 3", "parallel -k 'exit {}' ::: 1 2 3"},
        {"more than a hundred", "seq 120 | map -j4 false", "seq 120 | parallel -j4 false"},
        {"killed", "map sh -c 'kill -9 $$' sh ::: 1", "parallel 'kill -9 $$; : {}' ::: 1"},
        {"too long", "map --timeout 1 sleep ::: 0 9", "parallel --timeout 1 sleep ::: 0 9"},
        {"tries",
         "map -j1 --retries 3 sh -c 'echo x >> tries; false' sh ::: 1; s=$?; wc -l < tries; exit "
         "$s",
         "parallel -j1 --retries 3 'echo x >> tries; false; : {}; false' ::: 1; s=$?; wc -l < "
         "tries; exit $s"},
        {"soon, one", "map -kj1 --halt soon,fail=1 sh -c 'echo $1; exit $1' sh ::: 0 4 0 5",
         "parallel -kj1 --halt soon,fail=1 'echo {}; exit {}' ::: 0 4 0 5"},
        {"now, one", "map -kj1 --halt now,fail=1 sh -c 'echo $1; exit $1' sh ::: 0 4 0 5",
         "parallel -kj1 --halt now,fail=1 'echo {}; exit {}' ::: 0 4 0 5"},
        {"soon, two", "map -kj1 --halt soon,fail=2 sh -c 'echo $1; exit $1' sh ::: 0 4 0 5 6",
         "parallel -kj1 --halt soon,fail=2 'echo {}; exit {}' ::: 0 4 0 5 6"},
        {"a share", "map -kj1 --halt soon,fail=30% sh -c 'echo $1; exit $1' sh ::: 0 4 0 5 6 0",
         "parallel -kj1 --halt soon,fail=30% 'echo {}; exit {}' ::: 0 4 0 5 6 0"},
        {"success", "map -kj1 --halt now,success=1 sh -c 'echo $1; exit $1' sh ::: 4 0 5",
         "parallel -kj1 --halt now,success=1 'echo {}; exit {}' ::: 4 0 5"},
        {"done", "map -kj1 --halt soon,done=3 sh -c 'echo $1; exit $1' sh ::: 0 4 0 5",
         "parallel -kj1 --halt soon,done=3 'echo {}; exit {}' ::: 0 4 0 5"},
        {"done, a share", "map -kj1 --halt soon,done=50% sh -c 'echo $1; exit $1' sh ::: 0 4 0 5",
         "parallel -kj1 --halt soon,done=50% 'echo {}; exit {}' ::: 0 4 0 5"},
        {"an older form", "map -kj1 --halt 2 sh -c 'echo $1; exit $1' sh ::: 0 4 0 5",
         "parallel -kj1 --halt 2 'echo {}; exit {}' ::: 0 4 0 5"},
        {"log", "map -kj1 --joblog l sh -c 'printf abc; exit $1' sh ::: 0 7; cut -f 1,2,5-8 l",
         "parallel -kj1 --joblog l 'printf abc; exit {}' ::: 0 7; cut -f 1,2,5-8 l"},
        {"log of one killed", "map --joblog l sh -c 'kill -9 $$' sh ::: 0; cut -f 7,8 l",
         "parallel --joblog l 'kill -9 $$; : {}' ::: 0; cut -f 7,8 l"},
        {"going on",
         "map -kj1 --joblog l sh -c 'echo $1; exit $1' sh ::: 0 3 > /dev/null; map -kj1 --resume "
         "--joblog l sh -c 'echo $1; exit $1' sh ::: 0 3 4",
         "parallel -kj1 --joblog l 'echo {}; exit {}' ::: 0 3 > /dev/null; parallel -kj1 --resume "
         "--joblog l 'echo {}; exit {}' ::: 0 3 4"},
        {"again what failed",
         "map -kj1 --joblog l sh -c 'echo $1; exit $1' sh ::: 0 3 > /dev/null; map -kj1 "
         "--retry-failed --joblog l sh -c 'echo $1; exit $1' sh ::: 0 3",
         "parallel -kj1 --joblog l 'echo {}; exit {}' ::: 0 3 > /dev/null; parallel -kj1 "
         "--retry-failed --joblog l"},
        {"niceness", "map --nice 7 sh -c nice ::: 1", "parallel --nice 7 'nice; : {}' ::: 1"},
    };
    expect_same(table);
}

}  // namespace
