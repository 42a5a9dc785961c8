#include "sandbox/start_body.h"

#include "frames/frames.h"

#include <gtest/gtest.h>

#include <span>

namespace proa::sandbox {
namespace {

TEST(StartBody, IsTheCommandAsTheFunctionsUserWithTheRuntimesDescriptors) {
  RuntimeCommand command;
  command.arguments = {"/usr/bin/python3.11", "-u"};
  command.environment = {"A=1", "B="};
  command.directory = "/var/task";
  const auto body = start_body(command);
  ASSERT_TRUE(body) << body.error().message();
  frames::StartView view;
  ASSERT_EQ(frames::decode_start(std::as_bytes(std::span(body.value())), view), frames::Status::ok);
  EXPECT_EQ(view.uid, 993U);
  EXPECT_EQ(view.gid, 990U);
  EXPECT_EQ(view.directory, "/var/task");
  EXPECT_EQ(view.arguments, 2);
  EXPECT_EQ(view.variables, 2);
  EXPECT_EQ(view.descriptors, 5);
}

TEST(StartBody, MoreThanAFrameHoldsIsRefused) {
  RuntimeCommand command;
  command.arguments = {"/bin/true"};
  command.environment = {"LONG=" + std::string(300'000, 'x')};
  const auto body = start_body(command);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code(), Errc::too_large);
  EXPECT_EQ(body.error().message(), "command line and environment of the runtime exceed 256 KiB");
}

TEST(ExitOf, IsWhatTheFrameSaysAndNothingOfAMalformedOne) {
  std::string body(frames::kExitedSize, '\0');
  frames::encode_exited({9, 2},
                        std::as_writable_bytes(std::span(body)).first<frames::kExitedSize>());
  const auto exit = exit_of(body);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->wait_status, 9);
  EXPECT_EQ(exit->exec_errno, 2);
  EXPECT_FALSE(exit_of(body + "x"));
}

}  // namespace
}  // namespace proa::sandbox
