// What a worker that stays writes, taken apart.
#include "twill/map/worker_protocol.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using twill_command::answer_parser;
using twill_command::answer_part;
using twill_command::worker_protocol;
using kind = answer_part::kind;

// Gives the parser `written` in pieces; tells what it makes of it: "out|err|status;" an answer.
std::string taken_apart(worker_protocol protocol, const std::string& written, std::size_t piece) {
    answer_parser parser(protocol, "<END>");
    std::string out;
    std::string err;
    std::string all;
    for (std::size_t at = 0; at < written.size(); at += piece) {
        const std::string part = written.substr(at, piece);
        std::ranges::copy(std::as_bytes(std::span(part)), parser.room().begin());
        parser.added(part.size());
        for (;;) {
            const auto next = parser.next();
            const std::string bytes(reinterpret_cast<const char*>(next.bytes.data()),
                                    next.bytes.size());
            if (next.what == kind::more) break;
            if (next.what == kind::wrong) return all + "wrong";
            if (next.what == kind::output) out += bytes;
            if (next.what == kind::error_output) err += bytes;
            if (next.what != kind::end) continue;
            all += out + "|" + err + "|" + std::to_string(next.status) + ";";
            out.clear();
            err.clear();
        }
    }
    return all + (parser.is_inside() ? "..." : "");
}

// However the pipe cuts it.
std::string of_lines(const std::string& written) {
    const std::string whole = taken_apart(worker_protocol::lines, written, written.size());
    for (std::size_t piece = 1; piece < written.size(); ++piece)
        EXPECT_EQ(taken_apart(worker_protocol::lines, written, piece), whole) << piece;
    return whole;
}
std::string of_lengths(const std::string& written) {
    const std::string whole = taken_apart(worker_protocol::lengths, written, written.size());
    for (std::size_t piece = 1; piece < written.size(); ++piece)
        EXPECT_EQ(taken_apart(worker_protocol::lengths, written, piece), whole) << piece;
    return whole;
}

TEST(worker_protocol_lines, answer_ends_at_the_mark_and_may_be_empty) {
    EXPECT_EQ(of_lines("a\nb\n<END> 0\n<END> 3\nc\n<END>\n"), "a\nb\n||0;||3;c\n||0;");
}

TEST(worker_protocol_lines, output_without_the_end_of_its_line_is_kept_as_it_is) {
    EXPECT_EQ(of_lines("a<END> 0\n<EN<END> 255\n"), "a||0;<EN||255;");
}

TEST(worker_protocol_lines, answer_that_is_not_whole_waits_for_more) {
    EXPECT_EQ(of_lines("a\n<END> 0\nb"), "a\n||0;...");
    EXPECT_EQ(of_lines("a\n<END> 0"), "...");
}

TEST(worker_protocol_lines, status_that_is_none_is_wrong) {
    EXPECT_EQ(of_lines("<END> 256\n"), "wrong");
    EXPECT_EQ(of_lines("<END> no\n"), "wrong");
    EXPECT_EQ(of_lines("<END> 1 2\n"), "wrong");
}

TEST(worker_protocol_lengths, both_outputs_are_told_apart) {
    EXPECT_EQ(of_lengths("0 3 2\nabcde7 0 0\n0 1 0\n\n"), "abc|de|0;||7;\n||0;");
}

TEST(worker_protocol_lengths, bytes_may_be_any) {
    EXPECT_EQ(of_lengths(std::string("0 3 0\n\0\n\0", 9)), std::string("\0\n\0||0;", 7));
}

TEST(worker_protocol_lengths, head_that_is_none_is_wrong) {
    for (const char* wrong : {"x\n", "0\n", "0 1\n", "0 1 2 3\n", "300 0 0\n", "-1 0 0\n"})
        EXPECT_EQ(of_lengths(wrong), "wrong") << wrong;
    EXPECT_EQ(of_lengths(std::string(100, '1')), "wrong") << "a head that does not end";
}

TEST(worker_protocol, inputs_are_written_as_the_protocol_says) {
    std::string text;
    append_input(text, "a b", worker_protocol::lines);
    append_input(text, "", worker_protocol::lines);
    EXPECT_EQ(text, "a b\n\n");
    text.clear();
    append_input(text, "a\nb", worker_protocol::lengths);
    append_input(text, "", worker_protocol::lengths);
    EXPECT_EQ(text, "3\na\nb0\n");
}

}  // namespace
