// Where inputs come from, what becomes of them in the command, and batches.
#include "tools/running_command.hpp"

namespace {

using namespace twill_test;

using strings = std::vector<std::string>;

// The words that `template_words` become for each input.
strings words_for(const strings& template_words, const strings& inputs,
                  const strings& options = {}) {
    strings words = {"map", "-kj1"};
    words.insert(words.end(), options.begin(), options.end());
    for (const char* each : {"--", "printf", "%s\\n"}) words.emplace_back(each);
    words.insert(words.end(), template_words.begin(), template_words.end());
    words.emplace_back(":::");
    words.insert(words.end(), inputs.begin(), inputs.end());
    const auto end = run_command(words);
    EXPECT_EQ(end.status, 0) << end.err;
    return lines_of(end.out);
}

TEST(map_template, paths_come_in_parts) {
    EXPECT_EQ(words_for({"{}", "{.}", "{/}", "{//}", "{/.}"}, {"a/b.c/d.tar.gz"}),
              (strings{"a/b.c/d.tar.gz", "a/b.c/d.tar", "d.tar.gz", "a/b.c", "d.tar"}));
    EXPECT_EQ(words_for({"{.}", "{/}", "{//}", "{/.}"}, {"plain"}),
              (strings{"plain", "plain", ".", "plain"}));
    EXPECT_EQ(words_for({"{.}", "{//}", "{/.}"}, {"a.b/.hidden"}),
              (strings{"a.b/.hidden", "a.b", ".hidden"}));
    EXPECT_EQ(words_for({"{//}", "{/}"}, {"/root"}), (strings{"/", "root"}));
}

TEST(map_template, number_is_that_of_the_input) {
    EXPECT_EQ(words_for({"{#}:{}"}, {"a", "b"}), (strings{"1:a", "2:b"}));
}

TEST(map_template, number_of_arguments_is_left_to_a_shell) {
    EXPECT_EQ(run_command({"map", "sh", "-c", "echo ${#} {#} ${#}{#}", "sh", "a", ":::", "x"}).out,
              "1 1 11\n");
}

TEST(map_template, other_braces_stay_as_they_are) {
    EXPECT_EQ(words_for({"{print $1}", "{{}", "{a,b}{", "{name}"}, {"x"}),
              (strings{"{print $1}", "{x", "{a,b}{", "{name}"}));
}

TEST(map_template, fields_of_json_lines_go_where_their_names_stand) {
    setting how;
    how.input = R"({"name": "a b", "size": 3, "on": true, "none": null, "list": [1, 2]})"
                "\n";
    const auto end = run_command({"map", "--jsonl", "--", "printf", "%s\\n", "<{name}>", "{size}",
                                  "{on}", "[{none}]", "{list}", "{not a name}"},
                                 how);
    EXPECT_EQ(end.out, "<a b>\n3\ntrue\n[]\n[1, 2]\n{not a name}\n");
}

// A number that went through a double would lose digits.
TEST(map_template, values_of_fields_are_as_they_stand_in_the_line) {
    setting how;
    how.input =
        R"( {"big": 12345678901234567890123, "price":1.10 ,"e":1E3,)"
        R"("o":{"a":[1,{"b":"}\""}], "c":null},"s":"\u00e9\n\\\"","\u0078":2,"x2":{},"big2":-0} )"
        "\n";
    const auto end = run_command({"map", "--jsonl", "--", "printf", "%s|", "{big}", "{price}",
                                  "{e}", "{o}", "{s}", "{x}", "{x2}", "{big2}"},
                                 how);
    EXPECT_EQ(end.out,
              "12345678901234567890123|1.10|1E3|{\"a\":[1,{\"b\":\"}\\\"\"}], "
              "\"c\":null}|é\n\\\"|2|{}|-0|");
}

TEST(map_template, last_of_fields_with_one_name_counts) {
    setting how;
    how.input = "{\"a\":1,\"a\":\"2\"}\n[1]\n\"a\"\n{\"a\":1}}\n";
    const auto end = run_command({"map", "-k", "--jsonl", "--", "echo", "{a}"}, how);
    EXPECT_EQ(end.out, "2\n");
    EXPECT_EQ(end.status, 3);
}

TEST(map_template, line_without_the_field_fails_alone) {
    setting how;
    how.input = "{\"a\": 1}\n{\"b\": 2}\nno json\n{\"a\": \"x\\u0000y\"}\n{\"a\": 3}\n";
    const auto end = run_command({"map", "-k", "--jsonl", "--", "echo", "{a}"}, how);
    EXPECT_EQ(end.out, "1\n3\n");
    EXPECT_EQ(end.status, 3);
    EXPECT_NE(end.err.find("the input has no field \"a\""), std::string::npos) << end.err;
    EXPECT_NE(end.err.find("the input is no JSON object"), std::string::npos) << end.err;
    EXPECT_NE(end.err.find("the field \"a\" holds a NUL byte"), std::string::npos) << end.err;
}

TEST(map_source, file_is_read_in_the_place_of_standard_input) {
    const scratch_folder folder;
    std::ofstream(folder / "list") << "a\n\nb c\n";
    for (const strings& words : {strings{"map", "-k", "-a", folder / "list", "echo"},
                                 strings{"map", "-k", "echo", "::::", folder / "list"}}) {
        setting how;
        how.keep_input_open = true;
        EXPECT_EQ(run_command(words, how).out, "a\nb c\n");
    }
}

TEST(map_source, file_that_cannot_be_read_is_named) {
    const auto missing = run_command({"map", "-a", "/no/such/list", "echo"});
    EXPECT_EQ(missing.status, 255);
    EXPECT_EQ(missing.err,
              "twill map: read inputs from /no/such/list: No such file or directory\n");
    const auto folder = run_command({"map", "-a", "/", "echo"});
    EXPECT_EQ(folder.status, 255);
    EXPECT_EQ(folder.err, "twill map: read /: Is a directory\n");
}

TEST(map_source, two_sources_are_refused) {
    for (const strings& words :
         {strings{"map", "-a", "x", "echo", ":::", "1"}, strings{"map", "echo", "::::", "x", "y"},
          strings{"map", "echo", ":::", "x", "::::", "y"}})
        EXPECT_EQ(run_command(words).status, 2);
}

TEST(map_batch, each_process_gets_so_many_inputs) {
    const auto end = run_command({"map", "-kj2", "--batch", "3", "echo", "<", "{}", ">", ":::", "1",
                                  "2", "3", "4", "5 5", "6", "7"});
    EXPECT_EQ(end.out, "< 1 2 3 >\n< 4 5 5 6 >\n< 7 >\n");
    EXPECT_EQ(run_command({"map", "--batch", "2", "echo", ":::", "1", "2"}).out, "1 2\n");
}

TEST(map_batch, failed_one_is_tried_one_by_one) {
    const scratch_folder folder;
    // Says how many inputs it got, and fails on a bad one.
    const strings words = {"map",      "-kj1",
                           "--batch",  "4",
                           "--joblog", folder / "log",
                           "--",       "sh",
                           "-c",       "echo $#; for i; do [ $i != bad ] || exit 3; done",
                           "sh"};
    setting how;
    how.input = "1\n2\nbad\n4\n5\n6\n";
    const auto end = run_command(words, how);
    EXPECT_EQ(end.out, "1\n1\n1\n1\n2\n");
    EXPECT_EQ(end.status, 1);
    EXPECT_NE(end.err.find("1 of 6 jobs failed"), std::string::npos) << end.err;
    std::ostringstream log;
    log << std::ifstream(folder / "log").rdbuf();
    EXPECT_EQ(lines_of(log.str()).size(), 7U) << log.str();
    auto again = words;
    again.insert(again.begin() + 1, "--retry-failed");
    EXPECT_EQ(run_command(again, how).out, "1\n") << "only the bad one is left";
}

TEST(map_batch, those_of_a_failed_one_run_side_by_side) {
    const scratch_folder folder;
    // Alone, each waits for the other.
    const auto end =
        run_command(map_shell({"-j2", "--batch", "2"},
                              "[ $# = 1 ] || exit 1; touch '" + (folder / "") + "'$1; " +
                                  until(folder / "a") + until(folder / "b") + "echo $1",
                              {"a", "b"}));
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out.size(), 4U) << end.out;
}

TEST(map_batch, one_that_is_too_large_for_the_system_is_tried_one_by_one) {
    setting how;
    how.environment = {"LARGE=" + std::string(100'000, 'x')};
    // A quarter of it is for arguments and environment, but 128 KiB at least.
    how.in_child = [] {
        const rlimit small{.rlim_cur = 512U << 10U, .rlim_max = RLIM_INFINITY};
        ::setrlimit(RLIMIT_STACK, &small);
    };
    for (char each = 'a'; each < 'k'; ++each) how.input += std::string(4000, each) + "\n";
    const auto end = run_command({"map", "-k", "--batch", "10", "echo"}, how);
    EXPECT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(end.out, how.input);
}

TEST(map_batch, automatic_one_takes_far_fewer_processes_for_tiny_jobs) {
    setting how;
    for (int i = 0; i < 5000; ++i) how.input += std::to_string(i) + "\n";
    const auto end = run_command(
        map_shell({"-kj2", "--batch", "auto"}, "printf '%s\\n' \"$@\"; echo process"), how);
    EXPECT_EQ(end.status, 0);
    std::size_t processes = 0;
    strings given;
    for (const auto& line : lines_of(end.out))
        if (line == "process")
            ++processes;
        else
            given.push_back(line);
    EXPECT_LT(processes, 500U);
    EXPECT_EQ(given, lines_of(how.input));
}

TEST(map_batch, what_is_there_does_not_wait_for_what_may_come) {
    setting how;
    how.keep_input_open = true;
    running_command twill({"map", "--batch", "auto", "echo"}, how);
    twill.feed("1\n");
    EXPECT_TRUE(twill.says("1\n"));
    twill.close_input();
    EXPECT_EQ(twill.finish().status, 0);
}

TEST(map_batch, command_that_takes_one_input_is_refused) {
    for (const strings& words : {strings{"map", "--batch", "2", "echo", "x{}", ":::", "1"},
                                 strings{"map", "--batch", "2", "echo", "{/}", ":::", "1"},
                                 strings{"map", "--batch", "0", "echo", ":::", "1"},
                                 strings{"map", "--batch", "2", "--tag", "echo", ":::", "1"},
                                 strings{"map", "--batch", "2", "--results", "r", "echo", ":::"}})
        EXPECT_EQ(run_command(words).status, 2);
}

TEST(map_batch, dry_run_shows_them) {
    EXPECT_EQ(run_command({"map", "-n", "--batch", "2", "echo", ":::", "a", "b", "c"}).out,
              "echo a b\necho c\n");
}

}  // namespace
