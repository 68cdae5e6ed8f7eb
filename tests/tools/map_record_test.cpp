// What `twill map` keeps of jobs that have ended, and how a later run goes on with it.
#include "tools/running_command.hpp"

#include <sys/mount.h>

#include <algorithm>
#include <random>
#include <set>

namespace {

using namespace twill_test;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::vector<std::string> fields_of(const std::string& line) {
    std::vector<std::string> fields;
    std::istringstream stream(line);
    for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
    return fields;
}

// A list of inputs whose jobs tell that they ran, with a log.
struct logged_jobs {
    // Writes its input to `ran`, and does `then`.
    outcome run(const std::vector<std::string>& options, const std::vector<std::string>& inputs,
                const std::string& then = "", const setting& how = {}) const {
        std::vector<std::string> all = {"-kj1", "--joblog", log()};
        all.insert(all.end(), options.begin(), options.end());
        const std::string script = "echo \"$1\" >> '" + (folder / "ran") + "'; " + then;
        return run_command(map_shell(all, script, inputs), how);
    }
    [[nodiscard]] std::string log() const { return folder / name; }
    [[nodiscard]] std::vector<std::string> ran() const { return lines_of(text_of(folder / "ran")); }

    scratch_folder folder;
    std::string name = "log";
};

using strings = std::vector<std::string>;

TEST(map_record, log_has_the_columns_of_gnu_parallel_and_the_job) {
    const logged_jobs jobs;
    jobs.run({}, {"a b", "c"}, "printf 12345; [ \"$1\" != c ] || exit 3");
    const auto lines = lines_of(text_of(jobs.log()));
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0],
              "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tJob");
    const auto first = fields_of(lines[1]);
    ASSERT_EQ(first.size(), 10U) << lines[1];
    EXPECT_EQ(first[0], "1");
    EXPECT_EQ(first[1], ":");
    EXPECT_NEAR(std::stod(first[2]), static_cast<double>(std::time(nullptr)), 60);
    EXPECT_EQ(first[5], "5");
    EXPECT_EQ(first[6], "0");
    EXPECT_TRUE(first[8].ends_with(" sh 'a b'")) << first[8];
    EXPECT_EQ(first[9].size(), 32U);
    EXPECT_EQ(fields_of(lines[2])[6], "3");
}

TEST(map_record, log_tells_signals_and_timeouts_apart) {
    const logged_jobs jobs;
    jobs.run({"--timeout", "100ms"}, {"kill", "wait"},
             "[ $1 = wait ] || kill -9 $$; exec sleep 1000");
    const auto lines = lines_of(text_of(jobs.log()));
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(fields_of(lines[1])[6], "0");
    EXPECT_EQ(fields_of(lines[1])[7], "9");
    EXPECT_EQ(fields_of(lines[2])[6], "-1");
}

TEST(map_record, log_in_json_says_what_a_job_used) {
    logged_jobs jobs;
    jobs.name = "log.jsonl";
    jobs.run({}, {"a\tb", "c"}, "exit 1");
    const auto lines = lines_of(text_of(jobs.log()));
    ASSERT_EQ(lines.size(), 2U);
    for (const char* part :
         {R"("seq":1,)", R"("input":"a\tb")", R"("success":false)", R"("exit":1)", R"("wall_s":)",
          R"("user_s":)", R"("system_s":)", R"("blocked_s":)", R"("max_rss":)"})
        EXPECT_NE(lines[0].find(part), std::string::npos) << part << " is not in " << lines[0];
    EXPECT_EQ(jobs.run({"--resume"}, {"c", "d"}, "exit 1").status, 1);
    EXPECT_EQ(jobs.ran(), (strings{"a\tb", "c", "d"}));
}

TEST(map_record, resume_runs_what_is_not_in_the_log_whatever_its_place) {
    const logged_jobs jobs;
    jobs.run({}, {"1", "2", "3"}, "[ $1 != 2 ]");
    const auto end = jobs.run({"--resume"}, {"0", "3", "2", "1", "4"}, "[ $1 != 2 ]");
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.err, "twill map: 3 of 5 jobs had been done before\n");
    EXPECT_EQ(jobs.ran(), (strings{"1", "2", "3", "0", "4"}));
    EXPECT_EQ(lines_of(text_of(jobs.log())).size(), 6U);
}

TEST(map_record, resume_says_that_it_knows_none_of_the_jobs) {
    const logged_jobs jobs;
    jobs.run({}, {"1", "2"}, "false");
    EXPECT_EQ(jobs.run({"--resume"}, {"1", "2"}, ":").err,
              "twill map: of the 2 jobs in " + jobs.log() +
                  " none was asked for again: command, input, directory or a variable of --env "
                  "differ\n");
    EXPECT_EQ(jobs.run({"--retry-failed"}, {"1", "2"}, "false").err.find("asked for again"),
              std::string::npos)
        << "these are known, and failed";
}

// More than what fits into one command line; those behind were taken for none.
TEST(map_record, resume_comes_to_what_stands_behind_many_that_are_done) {
    const scratch_folder folder;
    setting how;
    for (int i = 0; i < 20'000; ++i) how.input += std::to_string(i) + "\n";
    const auto go_on = [&](const strings& options) {
        strings words = {"map", "--no-sync", "--joblog", folder / "log"};
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("echo");
        return run_command(words, how);
    };
    EXPECT_EQ(go_on({"--batch", "2000"}).status, 0);
    how.input += "new\n";
    EXPECT_EQ(go_on({"--resume"}).out, "new\n");
    EXPECT_EQ(lines_of(text_of(folder / "log")).size(), 20'002U);
}

TEST(map_record, retry_failed_runs_again_what_failed_last) {
    const logged_jobs jobs;
    const std::string fails_at_first = "[ -e '" + (jobs.folder / "now") + "' ] || [ $1 != 2 ]";
    EXPECT_EQ(jobs.run({}, {"1", "2", "3"}, fails_at_first).status, 1);
    jobs.folder.make("now");
    EXPECT_EQ(jobs.run({"--retry-failed"}, {"1", "2", "3", "4"}, fails_at_first).status, 0);
    EXPECT_EQ(jobs.run({"--retry-failed"}, {"1", "2", "3", "4"}, fails_at_first).status, 0);
    EXPECT_EQ(jobs.ran(), (strings{"1", "2", "3", "2", "4"}));
}

TEST(map_record, equal_inputs_are_jobs_of_their_own) {
    const logged_jobs jobs;
    jobs.run({}, {"x", "x"});
    jobs.run({"--resume"}, {"x", "x", "x"});
    EXPECT_EQ(jobs.ran().size(), 3U);
    jobs.run({"--resume"}, {"x", "x", "x"});
    EXPECT_EQ(jobs.ran().size(), 3U);
}

TEST(map_record, another_command_environment_or_directory_is_another_job) {
    const logged_jobs jobs;
    const scratch_folder elsewhere;
    setting with_variable;
    with_variable.environment = {"TWILL_TEST_LEVEL=9"};
    setting in_another_directory;
    in_another_directory.in_child = [&] { std::filesystem::current_path(elsewhere / ""); };

    jobs.run({}, {"x"}, "true");
    jobs.run({"--resume"}, {"x"}, "true");
    EXPECT_EQ(jobs.ran().size(), 1U) << "the same job has run again";
    jobs.run({"--resume"}, {"x"}, ":");
    EXPECT_EQ(jobs.ran().size(), 2U) << "another command is the same job";
    jobs.run({"--resume"}, {"x"}, ":", with_variable);
    EXPECT_EQ(jobs.ran().size(), 2U) << "a variable that was not declared made another job";
    jobs.run({"--resume", "--env", "TWILL_TEST_LEVEL"}, {"x"}, ":", with_variable);
    jobs.run({"--resume", "--env", "TWILL_TEST_LEVEL"}, {"x"}, ":");
    EXPECT_EQ(jobs.ran().size(), 4U) << "a declared variable made no difference";
    jobs.run({"--resume"}, {"x"}, ":", in_another_directory);
    EXPECT_EQ(jobs.ran().size(), 5U) << "another directory is the same job";
}

TEST(map_record, torn_last_line_is_run_again) {
    const logged_jobs jobs;
    jobs.run({}, {"1", "2"});
    const std::string whole = text_of(jobs.log());
    std::filesystem::resize_file(jobs.log(), whole.size() - 1);
    EXPECT_EQ(jobs.run({"--resume"}, {"1", "2"}).status, 0);
    EXPECT_EQ(jobs.ran(), (strings{"1", "2", "2"}));
    EXPECT_EQ(lines_of(text_of(jobs.log())).size(), 3U);
    jobs.run({"--resume"}, {"1", "2"});
    EXPECT_EQ(jobs.ran().size(), 3U);
}

TEST(map_record, log_of_an_earlier_run_is_neither_overwritten_nor_ignored) {
    const logged_jobs jobs;
    jobs.run({}, {"1"});
    const std::string before = text_of(jobs.log());
    const auto end = jobs.run({}, {"1"});
    EXPECT_EQ(end.status, 2);
    EXPECT_EQ(end.err, "twill map: " + jobs.log() +
                           " holds the log of an earlier run: go on with --resume or "
                           "--retry-failed, or remove it\n");
    EXPECT_EQ(text_of(jobs.log()), before);
    EXPECT_EQ(jobs.ran().size(), 1U);
}

TEST(map_record, file_that_is_no_log_is_refused_and_left_alone) {
    const logged_jobs jobs;
    std::ofstream(jobs.log()) << "precious\n";
    for (const strings& options : {strings{}, strings{"--resume"}}) {
        const auto end = jobs.run(options, {"1"});
        EXPECT_EQ(end.status, 2);
        EXPECT_NE(end.err.find("is no log of twill map"), std::string::npos) << end.err;
    }
    EXPECT_EQ(text_of(jobs.log()), "precious\n");
}

TEST(map_record, wrong_line_is_told_with_its_number) {
    const logged_jobs jobs;
    jobs.run({}, {"1"});
    std::ofstream(jobs.log(), std::ios::app) << "2\twrong\n";
    const auto end = jobs.run({"--resume"}, {"1"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find(jobs.log() + ":3: "), std::string::npos) << end.err;
}

TEST(map_record, log_that_another_run_writes_is_refused) {
    const logged_jobs jobs;
    setting how;
    how.keep_input_open = true;
    running_command first({"map", "--joblog", jobs.log(), "echo"}, how);
    first.feed("1\n");
    ASSERT_TRUE(first.says("1\n"));
    const auto end = jobs.run({"--resume"}, {"1"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("another twill map writes it"), std::string::npos) << end.err;
    first.close_input();
    EXPECT_EQ(first.finish().status, 0);
}

// A line that had all of its batch would make the log grow with the square of that.
TEST(map_record, line_of_a_batch_has_its_own_input_alone) {
    const scratch_folder folder;
    setting how;
    for (int i = 1; i <= 50; ++i) how.input += std::to_string(i) + "\n";
    for (const char* name : {"log", "log.jsonl"}) {
        run_command({"map", "--batch", "50", "--joblog", folder / name, "true", "{}", "end"}, how);
        const auto text = text_of(folder / name);
        EXPECT_NE(text.find("true 17 end"), std::string::npos) << text;
    }
}

TEST(map_record, folder_that_is_gone_is_told) {
    const scratch_folder folder;
    setting how;
    how.in_child = [&] {
        std::filesystem::create_directory(folder / "gone");
        std::filesystem::current_path(folder / "gone");
        std::filesystem::remove(folder / "gone");
    };
    const auto end = run_command({"map", "--joblog", folder / "log", "true", ":::", "1"}, how);
    EXPECT_EQ(end.status, 255);
    EXPECT_EQ(end.err, "twill map: find the current folder: No such file or directory\n");
}

TEST(map_record, resume_without_a_log_is_refused) {
    const auto end = run_command({"map", "--resume", "true", ":::", "1"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("--joblog FILE"), std::string::npos);
}

TEST(map_record, dry_run_shows_what_is_left_to_do) {
    const logged_jobs jobs;
    jobs.run({}, {"1", "2"}, "[ $1 != 2 ]");
    EXPECT_EQ(lines_of(jobs.run({"--resume", "-n"}, {"1", "2", "3"}, "[ $1 != 2 ]").out).size(),
              1U);
    EXPECT_EQ(
        lines_of(jobs.run({"--retry-failed", "-n"}, {"1", "2", "3"}, "[ $1 != 2 ]").out).size(),
        2U);
    EXPECT_EQ(jobs.ran().size(), 2U);
}

TEST(map_record, output_that_cannot_be_printed_leaves_its_job_undone) {
    const logged_jobs jobs;
    setting how;
    how.own_output = false;
    how.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), 1); };
    EXPECT_EQ(jobs.run({}, {"silent", "loud"}, "[ $1 = silent ] || echo $1", how).status, 255);
    EXPECT_EQ(lines_of(text_of(jobs.log())).size(), 2U) << text_of(jobs.log());
    jobs.run({"--resume"}, {"silent", "loud"}, "[ $1 = silent ] || echo $1");
    EXPECT_EQ(jobs.ran(), (strings{"silent", "loud", "loud"}));
}

TEST(map_record, log_that_cannot_be_written_ends_the_run) {
    const scratch_folder folder;
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "--joblog", "/dev/full", "echo"}, how);
    EXPECT_EQ(twill.finish().status, 255);
    EXPECT_NE(twill.so_far().err.find("write to /dev/full: No space left on device"),
              std::string::npos)
        << twill.so_far().err;
}

TEST(map_record, interrupted_run_keeps_what_has_ended) {
    const logged_jobs jobs;
    running_command twill(map_shell({"-kj1", "--joblog", jobs.log()},
                                    "echo $1; [ $1 = 1 ] || sleep 1000", {"1", "2", "3"}));
    ASSERT_TRUE(twill.says("1\n"));
    twill.signal(SIGTERM);
    EXPECT_EQ(twill.finish().status, 128 + SIGTERM);
    EXPECT_EQ(lines_of(text_of(jobs.log())).size(), 2U);
}

// --results

strings names_in(const std::string& path) {
    strings names;
    for (const auto& each : std::filesystem::directory_iterator(path))
        names.push_back(each.path().filename());
    std::ranges::sort(names);
    return names;
}

TEST(map_results, each_job_has_a_folder_with_its_outputs_and_its_use) {
    const scratch_folder folder;
    const std::string results = folder / "new/results";
    const auto end = run_command(map_shell({"-kj2", "--results", results},
                                           "echo out $1; echo err $1 >&2; exit $1", {"0", "3"}));
    EXPECT_EQ(end.out, "out 0\nout 3\n");
    EXPECT_EQ(names_in(results), (strings{"0", "3", "joblog"}));
    EXPECT_EQ(text_of(results + "/0/stdout"), "out 0\n");
    EXPECT_EQ(text_of(results + "/3/stderr"), "err 3\n");
    EXPECT_NE(text_of(results + "/3/usage.json").find(R"("exit":3)"), std::string::npos);
}

TEST(map_results, any_input_has_a_folder_of_its_own) {
    const scratch_folder folder;
    const std::string results = folder / "results";
    const strings inputs = {"a/b",  "a%2Fb",  "",  "",   ".",  "..",
                            "x\ny", "joblog", "ä", "~2", "a ", std::string(1000, 'l')};
    const auto end = run_command(map_shell({"--results", results}, "printf %s \"$1\"", inputs));
    EXPECT_EQ(end.status, 0) << end.err;
    const auto names = names_in(results);
    EXPECT_EQ(names.size(), inputs.size() + 1);
    std::multiset<std::string> outputs;
    for (const auto& name : names)
        if (name != "joblog") outputs.insert(text_of(results + "/" + name + "/stdout"));
    EXPECT_EQ(outputs, std::multiset<std::string>(inputs.begin(), inputs.end()));
    EXPECT_EQ(text_of(results + "/a%2Fb/stdout"), "a/b");
}

TEST(map_results, large_outputs_are_whole) {
    const scratch_folder folder;
    const std::string results = folder / "results";
    const auto end =
        run_command(map_shell({"--results", results}, "head -c 20000000 /dev/zero", {"x"}));
    EXPECT_EQ(end.out.size(), 20'000'000U);
    EXPECT_EQ(std::filesystem::file_size(results + "/x/stdout"), 20'000'000U);
}

TEST(map_results, later_try_takes_the_place_of_a_failed_one) {
    const scratch_folder folder;
    const std::string results = folder / "results";
    const std::string script =
        "if [ -e '" + (folder / "now") + "' ]; then echo good; else echo bad; exit 1; fi";
    run_command(map_shell({"--results", results}, script, {"x"}));
    EXPECT_EQ(text_of(results + "/x/stdout"), "bad\n");
    folder.make("now");
    EXPECT_EQ(
        run_command(map_shell({"--results", results, "--retry-failed"}, script, {"x"})).status, 0);
    EXPECT_EQ(text_of(results + "/x/stdout"), "good\n");
    EXPECT_EQ(names_in(results), (strings{"joblog", "x"}));
}

TEST(map_results, folder_that_another_run_writes_is_refused) {
    const scratch_folder folder;
    setting how;
    how.keep_input_open = true;
    running_command first({"map", "--results", folder / "r", "--joblog", folder / "first", "echo"},
                          how);
    first.feed("1\n");
    ASSERT_TRUE(first.says("1\n"));
    const auto end = run_command(
        {"map", "--results", folder / "r", "--joblog", folder / "second", "echo", ":::", "2"});
    EXPECT_EQ(end.status, 2);
    EXPECT_NE(end.err.find("another twill map keeps its results there"), std::string::npos)
        << end.err;
    first.feed("3\n");
    first.close_input();
    EXPECT_EQ(first.finish().status, 0);
    EXPECT_TRUE(std::filesystem::exists(folder / "r/3/stdout"));
}

TEST(map_results, full_disk_ends_the_run_and_the_rest_can_be_resumed) {
    const scratch_folder folder;
    const std::string small = folder / "small";
    std::filesystem::create_directory(small);
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0)
        GTEST_SKIP() << "mounting a small file system needs root";
    const auto words = [&](const strings& options) {
        strings all = {"-j1", "--results", small + "/results"};
        all.insert(all.end(), options.begin(), options.end());
        return map_shell(all, "head -c 300000 /dev/zero", {"1", "2", "3", "4", "5", "6"});
    };
    const auto end = run_command(words({}));
    EXPECT_EQ(end.status, 255);
    EXPECT_NE(end.err.find("No space left on device; no more jobs are started"), std::string::npos)
        << end.err;
    const auto kept = names_in(small + "/results");
    EXPECT_GE(kept.size(), 3U);
    EXPECT_LT(kept.size(), 6U);
    ::mount("tmpfs", small.c_str(), "tmpfs", MS_REMOUNT, "size=8m");
    EXPECT_EQ(run_command(words({"--resume"})).status, 0);
    EXPECT_EQ(names_in(small + "/results").size(), 7U);
    for (const char* input : {"1", "2", "3", "4", "5", "6"})
        EXPECT_EQ(std::filesystem::file_size(small + "/results/" + input + "/stdout"), 300'000U);
    ::umount2(small.c_str(), MNT_DETACH);
}

// Kills the runner again and again, at moments of a seed, and goes on each time; TWILL_MAP_KILLS:
// how often. `repeated`: how many jobs each may cost. `stay`: by workers that do.
void expect_done_once(const std::vector<std::string>& options, std::size_t repeated,
                      bool stay = false) {
    const char* asked = std::getenv("TWILL_MAP_KILLS");
    const int kills = asked != nullptr ? std::atoi(asked) : 15;
    const scratch_folder folder;
    const std::string results = folder / "results";
    std::filesystem::create_directory(folder / "began");
    strings inputs;
    for (int i = 0; i < 8 * kills; ++i) inputs.push_back("in/" + std::to_string(i));
    strings all = {"-j3", "--results", results, "--resume"};
    all.insert(all.end(), options.begin(), options.end());
    const std::string work =
        "echo x >> '" + (folder / "began") + "'/${1#in/}; sleep 0.01; echo $1; echo err $1 >&2";
    auto words = map_shell(all, work, inputs);
    if (stay) {
        words = {"map", "--worker"};
        words.insert(words.end(), all.begin(), all.end());
        for (const std::string& word :
             {std::string("--"), std::string("sh"), std::string("-c"),
              "while read -r i; do set -- $i; " + work + "; echo \"$TWILL_MAP_END 0\"; done",
              std::string(":::")})
            words.push_back(word);
        words.insert(words.end(), inputs.begin(), inputs.end());
    }
    std::minstd_rand dice(20261127);
    std::size_t killed = 0;
    for (int i = 0; i < kills; ++i) {
        running_command twill(words);
        std::this_thread::sleep_for(std::chrono::milliseconds(dice() % 150));
        twill.signal(SIGKILL);
        if (twill.wait().status != 128 + SIGKILL) break;  // it was through
        ++killed;
        ASSERT_TRUE(twill.left_nothing());
    }
    EXPECT_GT(killed, 0U);
    const auto last = run_command(words);
    EXPECT_EQ(last.status, 0) << last.err;

    // A line and a whole folder for each.
    const auto lines = lines_of(text_of(results + "/joblog"));
    std::set<std::string> logged;
    for (const auto& line : lines) logged.insert(fields_of(line).back());
    EXPECT_EQ(lines.size(), inputs.size() + 1);
    EXPECT_EQ(logged.size(), inputs.size() + 1);
    EXPECT_EQ(names_in(results).size(), inputs.size() + 1);
    std::size_t began = 0;
    for (const auto& input : inputs) {
        const std::string name = input.substr(3);
        EXPECT_EQ(text_of(results + "/in%2F" + name + "/stdout"), input + "\n");
        EXPECT_EQ(text_of(results + "/in%2F" + name + "/stderr"), "err " + input + "\n");
        began += lines_of(text_of((folder / "began/") + name)).size();
    }
    EXPECT_LE(began, inputs.size() + killed * repeated);
}

// Three run, and as many may have ended and not be in the log.
TEST(map_results, killed_at_any_moment_every_input_is_done_once) {
    expect_done_once({"--no-sync"}, 6);
}

TEST(map_results, killed_with_workers_every_input_is_done_once) {
    expect_done_once({"--no-sync"}, 6, true);
}

// Three run, and up to 4 N + 16 have ended and wait for the disk.
TEST(map_results, killed_while_the_disk_is_waited_for_every_input_is_done_once) {
    expect_done_once({}, 3 + 28);
}

}  // namespace
