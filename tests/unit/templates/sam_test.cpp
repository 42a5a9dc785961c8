#include "unit/templates/read_back.h"

namespace proa::templates {
namespace {

TEST(Sam, ReadsFunctionsWithGlobalsAndLayers) {
  const auto read_back = template_of(R"(Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.11
    MemorySize: 256
    Environment: {Variables: {A: 1, B: 2}}
    Layers: [arn:aws:lambda:us-east-1:000000000000:layer:g:1]
Resources:
  Libs:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: libs/, CompatibleRuntimes: [python3.11], Description: d}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.handler
      Timeout: 9
      EphemeralStorage: {Size: 1024}
      Architectures: [x86_64]
      Layers: [!Ref Libs]
      Tags: {team: x}
      Environment: {Variables: {B: 3, ARN: !GetAtt Hello.Arn}}
)");
  EXPECT_EQ(lines(read_back.problems), Lines{});
  ASSERT_EQ(read_back.layers.size(), 1U);
  EXPECT_EQ(read_back.layers[0].path, "libs/");
  EXPECT_EQ(read_back.layers[0].name, "Libs");
  ASSERT_EQ(read_back.functions.size(), 1U);
  const TemplateFunction& function = read_back.functions[0];
  EXPECT_EQ(function.name, "Hello");
  EXPECT_EQ(function.runtime, "python3.11");
  EXPECT_EQ(function.memory_mib, 256);
  EXPECT_EQ(function.timeout_s, 9);
  EXPECT_EQ(function.tmp_mib, 1024);
  EXPECT_EQ(function.path, "hello/");
  EXPECT_EQ(function.layers,
            (Lines{"arn:aws:lambda:us-east-1:000000000000:layer:g:1", layer_placeholder("Libs")}));
  EXPECT_EQ(function.environment.at("A"), "1");
  EXPECT_EQ(function.environment.at("B"), "3");
  EXPECT_EQ(function.environment.at("ARN"), "arn:aws:lambda:us-east-1:000000000000:function:Hello");
  EXPECT_EQ(function.tags.at("team"), "x");
}

TEST(Sam, EverythingThatProaCannotDoIsNamedWithItsLine) {
  const auto read_back =
      template_of(R"(Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions]
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: app.handler
      Tracing: Active
      VpcConfig: {SubnetIds: [a]}
      Events:
        Api: {Type: Api}
      Environment:
        Variables:
          TABLE: !Ref Table
          KEPT: 1
  Table:
    Type: AWS::DynamoDB::Table
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image, ImageUri: x}
Rules: {a: b}
Outputs: {a: b}
)");
  EXPECT_EQ(lines(read_back.problems),
            (Lines{"1 the transform AWS::LanguageExtensions", "8 Hello: Tracing Active (X-Ray)",
                   "9 Hello: VpcConfig", "11 Hello: Events: Api of type Api",
                   "14 a reference to Table, which is an AWS::DynamoDB::Table",
                   "17 Table: the resource type AWS::DynamoDB::Table",
                   "18 Image: PackageType Image", "20 Image: ImageUri", "21 the template: Rules"}));
  EXPECT_EQ(lines(read_back.notes), Lines{"22 the template: Outputs"});
  ASSERT_EQ(read_back.functions.size(), 1U);
  EXPECT_EQ(read_back.functions[0].environment.size(), 1U);
}

TEST(Sam, ReadsCloudFormationsOwnForm) {
  const auto read_back = template_of(R"(Resources:
  Hello:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Sub '${AWS::StackName}-hello'
      Runtime: nodejs20.x
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: 'exports.handler = async () => 1;'}
      Tags: [{Key: a, Value: b}]
  Role: {Type: AWS::IAM::Role}
)");
  EXPECT_EQ(lines(read_back.problems), Lines{});
  EXPECT_EQ(lines(read_back.notes), Lines{"11 Role: the resource type AWS::IAM::Role"});
  ASSERT_EQ(read_back.functions.size(), 1U);
  EXPECT_EQ(read_back.functions[0].name, "proa-hello");
  EXPECT_EQ(read_back.functions[0].inline_code, "exports.handler = async () => 1;");
  EXPECT_EQ(read_back.functions[0].tags.at("a"), "b");
  EXPECT_EQ(read_back.functions[0].role, "arn:aws:iam::000000000000:role/Role");
}

TEST(Sam, ReadsEventsLoggingAndConcurrency) {
  const auto read_back = template_of(R"(Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: a.b
      ReservedConcurrentExecutions: 5
      LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig:
          OnSuccess: {Type: Lambda, Destination: !GetAtt Hello.Arn}
          OnFailure: {Type: SQS}
)");
  EXPECT_EQ(lines(read_back.problems),
            Lines{"13 Hello: EventInvokeConfig: the destination OnFailure of type SQS"});
  ASSERT_EQ(read_back.functions.size(), 1U);
  EXPECT_EQ(read_back.functions[0].reserved_concurrency, 5);
  EXPECT_EQ(read_back.functions[0].logging->format, "JSON");
  EXPECT_EQ(read_back.functions[0].events->retries_max, 0);
  EXPECT_EQ(read_back.functions[0].events->on_success,
            "arn:aws:lambda:us-east-1:000000000000:function:Hello");
}

TEST(Sam, ConditionsLeaveResourcesOut) {
  const std::string text = R"(Parameters: {Stage: {Default: test}}
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Condition: IsProd
    Properties: {Runtime: python3.11, Handler: a.b}
)";
  EXPECT_EQ(template_of(text).functions.size(), 0U);
  TemplateInput input;
  input.parameters["Stage"] = "prod";
  EXPECT_EQ(template_of(text, input).functions.size(), 1U);
}

TEST(Sam, WrongShapesAreRefusedWithTheirLine) {
  const auto refusal = [](const std::string& properties) {
    const auto read = read_template(
        "Resources:\n  F:\n    Type: AWS::Serverless::Function\n"
        "    Properties: " +
            properties + "\n",
        {});
    return read ? std::string() : read.error().message();
  };
  EXPECT_EQ(refusal("{Handler: a.b}"), "line 2: F has no Runtime");
  EXPECT_EQ(refusal("{Runtime: python3.11}"), "line 2: F has no Handler");
  EXPECT_EQ(refusal("{Runtime: python3.11, Handler: a.b, MemorySize: large}"),
            "line 4: MemorySize must be a whole number");
  EXPECT_EQ(refusal("{Runtime: [a], Handler: a.b}"), "line 4: Runtime must be a text, not a list");
  EXPECT_EQ(refusal("[a]"), "line 4: Properties must be a map");
}

}  // namespace
}  // namespace proa::templates
