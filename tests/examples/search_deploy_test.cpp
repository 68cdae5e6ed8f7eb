// The files of deploy/ agree with the program. (A cluster is not needed, and not there.)
#include "search_service.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <search/command_line.hpp>

#include <twill/io/file.hpp>
#include <twill/io/process.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

using search_test::json;
using twill::task;

const std::string folder = TWILL_DEPLOY_FOLDER;

// A manifest as JSON, by Python's YAML; null where that is not there.
json read_manifest(const std::string& name) {
    const char* const program = R"(
import json, sys
try:
    import yaml
except ImportError:
    print("null"); sys.exit()
print(json.dumps(yaml.safe_load(open(sys.argv[1]))))
)";
    const auto made = twill::run([&]() -> task<twill::process_output> {
        const twill::command command{
            .arguments = {"python3", "-c", program, folder + "/kubernetes/" + name}};
        co_return co_await twill::run_process(command);
    });
    EXPECT_TRUE(made.status.success()) << made.err;
    return json::parse(made.out, nullptr, false);
}

// ["a", "b"] of a line of the Dockerfile.
std::vector<std::string> list_behind(const std::string& text, const std::string& word) {
    const auto from = text.find('\n' + word + " [") + word.size() + 2;
    return json::parse(text.substr(from, text.find('\n', from) - from))
        .get<std::vector<std::string>>();
}

std::vector<std::string> image_arguments() {
    const auto text = twill::run(
        []() -> task<std::string> { co_return co_await twill::read_file(folder + "/Dockerfile"); });
    auto all = list_behind(text, "ENTRYPOINT");
    all.erase(all.begin());
    return all;
}

// What the program makes of it, with a folder that is there in the place of the volume.
search::command_line taken(std::vector<std::string> arguments) {
    std::ranges::replace(arguments, std::string("/srv/texts"), std::string("/"));
    return search::read_command_line(arguments);
}

TEST(SearchDeploy, the_image_starts_the_program_as_it_wants_to_be_started) {
    auto arguments = image_arguments();
    arguments.emplace_back("/srv/texts");
    const auto line = taken(arguments);
    EXPECT_EQ(line.options.address, "0.0.0.0");
    EXPECT_EQ(line.options.port, 8080);
}

TEST(SearchDeploy, the_manifests_agree_with_the_program_and_each_other) {
    if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "python3 is not here";
    const json deployment = read_manifest("deployment.yaml");
    if (deployment.is_null()) GTEST_SKIP() << "Python has no module yaml here";
    ASSERT_TRUE(deployment.is_object());
    const json& pod = deployment["spec"]["template"]["spec"];
    const json& container = pod["containers"][0];

    auto arguments = image_arguments();
    for (const auto& each : container["args"]) arguments.push_back(each);
    const auto line = taken(arguments);
    EXPECT_EQ(container["ports"][0]["containerPort"], line.options.port);
    EXPECT_LE(line.options.index.memory, std::uint64_t{768} << 20) << "what it requests";
    EXPECT_EQ(container["resources"]["requests"]["memory"], "768Mi");
    const auto end = std::chrono::duration_cast<std::chrono::seconds>(line.options.drain_delay +
                                                                      line.options.drain_limit);
    EXPECT_GT(pod["terminationGracePeriodSeconds"].get<int>(), end.count());

    for (const char* probe : {"startupProbe", "readinessProbe", "livenessProbe"}) {
        const json& asked = container[probe]["httpGet"];
        EXPECT_EQ(search::route_of(asked["path"].get<std::string>()), search::route::health);
        EXPECT_EQ(asked["port"], container["ports"][0]["name"]);
    }
    const json labels = deployment["spec"]["template"]["metadata"]["labels"];
    EXPECT_EQ(deployment["spec"]["selector"]["matchLabels"], labels);
    EXPECT_EQ(read_manifest("service.yaml")["spec"]["selector"], labels);
    EXPECT_EQ(read_manifest("service.yaml")["spec"]["ports"][0]["targetPort"],
              container["ports"][0]["name"]);
    EXPECT_EQ(read_manifest("disruption-budget.yaml")["spec"]["selector"]["matchLabels"], labels);
    const json all = read_manifest("kustomization.yaml");
    for (const auto& name : all["resources"]) EXPECT_TRUE(read_manifest(name).is_object()) << name;
}

}  // namespace
