#include "templates/variables.h"

#include <gtest/gtest.h>

namespace proa::templates {
namespace {

TEST(Variables, VariablesHaveSourcesAndAlternatives) {
  TemplateInput input;
  input.stage = "prod";
  input.parameters["color"] = "red";
  input.variable = [](const std::string& name) -> std::optional<std::string> {
    if (name == "HOME") return "/home";
    return std::nullopt;
  };
  const auto read_back = read_template(R"(service: s
provider: {name: aws, runtime: python3.11}
custom: {a: {b: deep}}
functions:
  f:
    handler: a.b
    environment:
      STAGE: ${sls:stage}
      COLOR: ${opt:color}
      HOME: x${env:HOME}y
      NONE: ${env:NONE, self:custom.a.b}
      WHERE: ${aws:region}/${aws:accountId}
      URL: ${env:NONE, 'https://x.y/z, a'}
)",
                                       input);
  ASSERT_TRUE(read_back) << read_back.error().message();
  EXPECT_TRUE(read_back.value().problems.empty());
  const auto& environment = read_back.value().functions[0].environment;
  EXPECT_EQ(environment.at("STAGE"), "prod");
  EXPECT_EQ(environment.at("COLOR"), "red");
  EXPECT_EQ(environment.at("HOME"), "x/homey");
  EXPECT_EQ(environment.at("NONE"), "deep");
  EXPECT_EQ(environment.at("WHERE"), "us-east-1/000000000000");
  EXPECT_EQ(environment.at("URL"), "https://x.y/z, a");
}

TEST(Variables, AVariableWithoutAValueOrInACircleIsRefused) {
  const auto refusal = [](const std::string& custom) {
    const auto read = read_template("service: s\nprovider: {name: aws, runtime: python3.11}\n" +
                                        custom + "functions: {f: {handler: '${self:custom.a}'}}\n",
                                    {});
    return read ? std::string() : read.error().message();
  };
  EXPECT_EQ(refusal(""), "line 3: ${self:custom.a} has no value");
  EXPECT_EQ(refusal("custom: {a: '${self:custom.b}', b: '${self:custom.a}'}\n"),
            "line 3: variables inside variables, too deep");
}

}  // namespace
}  // namespace proa::templates
