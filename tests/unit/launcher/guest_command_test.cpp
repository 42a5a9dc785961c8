#include "launcher/guest_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace proa::launcher {
namespace {

using testing::HasSubstr;
using testing::Not;

StartGuest request_of(Accelerator accelerator, bool needs_acpi) {
  StartGuest request;
  request.kernel.fill('a');
  request.accelerator = accelerator;
  request.memory_mib = 96;
  request.tsc_khz = 2'600'000;
  request.needs_acpi = needs_acpi ? 1 : 0;
  return request;
}

/// The word behind `option`.
std::string value_of(const std::vector<std::string>& words, const std::string& option) {
  const auto found = std::find(words.begin(), words.end(), option);
  return found == words.end() || found + 1 == words.end() ? "" : *(found + 1);
}

TEST(GuestCommand, TakesWhatTheRequestSaysAndNoFileButItsDescriptors) {
  const auto words = guest_command(request_of(Accelerator::tcg, false));
  EXPECT_EQ(words.front(), "/usr/bin/qemu-system-x86_64");
  EXPECT_EQ(value_of(words, "-m"), "96");
  EXPECT_EQ(value_of(words, "-M"), "microvm,acpi=off");
  EXPECT_EQ(value_of(words, "-kernel"), "/proc/self/fd/5");
  EXPECT_EQ(value_of(words, "-initrd"), "/proc/self/fd/6");
  for (const std::string& word : words) {
    EXPECT_EQ(word.find("path="), std::string::npos) << word;
    EXPECT_EQ(word.find("file="), std::string::npos) << word;
  }
}

TEST(GuestCommand, QemuConfinesItself) {
  for (const auto accelerator : {Accelerator::kvm, Accelerator::tcg}) {
    const auto words = guest_command(request_of(accelerator, true));
    EXPECT_EQ(value_of(words, "-sandbox"),
              "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    EXPECT_THAT(words, testing::Contains("-nodefaults"));
    EXPECT_THAT(words, testing::Contains("-no-user-config"));
    EXPECT_THAT(words, Not(testing::Contains(HasSubstr("-qmp"))));
    EXPECT_THAT(words, Not(testing::Contains(HasSubstr("-monitor"))));
  }
}

TEST(GuestCommand, HintsAreForTranslationAndNoneThatHangsAKernelWithAcpi) {
  const auto hints = [](Accelerator accelerator, bool needs_acpi) {
    return value_of(guest_command(request_of(accelerator, needs_acpi)), "-append");
  };
  EXPECT_THAT(hints(Accelerator::tcg, false), HasSubstr("tsc_early_khz=2600000 tsc=reliable"));
  EXPECT_THAT(hints(Accelerator::tcg, false), HasSubstr("noapictimer"));
  EXPECT_THAT(hints(Accelerator::tcg, true), Not(HasSubstr("noapictimer")));
  EXPECT_THAT(hints(Accelerator::kvm, false), Not(HasSubstr("tsc_early_khz")));
  EXPECT_THAT(hints(Accelerator::kvm, false), Not(HasSubstr("noapictimer")));
  for (const auto accelerator : {Accelerator::kvm, Accelerator::tcg}) {
    EXPECT_TRUE(hints(accelerator, true).ends_with(" -- guest")) << "proa-init's role";
  }
}

}  // namespace
}  // namespace proa::launcher
