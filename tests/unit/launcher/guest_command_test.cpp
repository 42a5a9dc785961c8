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
  const auto words = guest_command(request_of(Accelerator::tcg, false), {});
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
    const auto words = guest_command(request_of(accelerator, true), {});
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
    return value_of(guest_command(request_of(accelerator, needs_acpi), {}), "-append");
  };
  EXPECT_THAT(hints(Accelerator::tcg, false), HasSubstr("tsc_early_khz=2600000 tsc=reliable"));
  EXPECT_THAT(hints(Accelerator::tcg, false), HasSubstr("noapictimer"));
  EXPECT_THAT(hints(Accelerator::tcg, true), Not(HasSubstr("noapictimer")));
  EXPECT_THAT(hints(Accelerator::kvm, false), Not(HasSubstr("tsc_early_khz")));
  EXPECT_THAT(hints(Accelerator::kvm, false), Not(HasSubstr("noapictimer")));
  for (const auto accelerator : {Accelerator::kvm, Accelerator::tcg}) {
    EXPECT_TRUE(hints(accelerator, true).ends_with(" -- guest")) << "proa-init's role";
    EXPECT_TRUE(hints(accelerator, false).ends_with(" guest"));
    EXPECT_EQ(hints(accelerator, false).find(" -- "), std::string::npos)
        << "QEMU adds the devices, which the kernel would not read";
  }
}

/// The words behind each `option`.
std::vector<std::string> values_of(const std::vector<std::string>& words,
                                   const std::string& option) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == option) values.push_back(words[i + 1]);
  }
  return values;
}

TEST(GuestCommand, DisksAreThoseAskedForByDescriptorAndOnlyTmpMayBeWritten) {
  StartGuest request = request_of(Accelerator::tcg, false);
  const auto bare = guest_command(request, {});
  EXPECT_EQ(values_of(bare, "-add-fd"), std::vector<std::string>{"fd=7,set=7"});
  const auto tmp = value_of(bare, "-blockdev");
  EXPECT_THAT(tmp, HasSubstr("node-name=tmp,filename=/dev/fdset/7,locking=off,read-only=off"));
  EXPECT_THAT(tmp, HasSubstr("cache.no-flush=on"));
  EXPECT_THAT(bare, testing::Contains(HasSubstr("virtio-blk-device,drive=tmp,serial=tmp")));
  request.has_root = request.has_code = request.has_layers = 1;
  const auto whole = guest_command(request, {});
  EXPECT_THAT(values_of(whole, "-add-fd"),
              testing::ElementsAre("fd=7,set=7", "fd=9,set=9", "fd=10,set=10", "fd=11,set=11"));
  const auto nodes = values_of(whole, "-blockdev");
  ASSERT_EQ(nodes.size(), 4U);
  for (std::size_t i = 1; i < nodes.size(); ++i) EXPECT_TRUE(nodes[i].ends_with(",read-only=on"));
  for (const char* name : {"root", "code", "opt"}) {
    const std::string device = std::string("virtio-blk-device,drive=") + name + ",serial=" + name;
    EXPECT_THAT(whole, testing::Contains(testing::StartsWith(device)));
  }
  request.has_code = 0;
  EXPECT_THAT(guest_command(request, {}), Not(testing::Contains(HasSubstr("serial=code"))));
}

// Where the host's disk is full, a call gets an error from its write and not its own timeout.
TEST(GuestCommand, ADiskThatFailsTellsTheGuestAndStopsNoMachine) {
  StartGuest request = request_of(Accelerator::tcg, false);
  request.has_root = request.has_code = request.has_layers = 1;
  for (const auto memory : {GuestMemory::own, GuestMemory::written, GuestMemory::copied}) {
    request.memory = memory;
    int disks = 0;
    for (const std::string& device : values_of(guest_command(request, {}), "-device")) {
      if (!device.starts_with("virtio-blk-device")) continue;
      EXPECT_THAT(device, testing::EndsWith(",werror=report,rerror=report"));
      ++disks;
    }
    EXPECT_EQ(disks, 4);
  }
}

TEST(GuestCommand, ATapGivesACardWithTheAddressThatTheRouterKnows) {
  const auto request = request_of(Accelerator::tcg, false);
  const auto alone = guest_command(request, {});
  EXPECT_THAT(alone, Not(testing::Contains(HasSubstr("net"))));
  const auto words = guest_command(request, {true, false});
  EXPECT_EQ(value_of(words, "-netdev"), "tap,id=net,vhost=off,fd=8");
  EXPECT_THAT(words, testing::Contains("virtio-net-device,netdev=net,mac=02:70:72:6f:61:02"));
  EXPECT_TRUE(value_of(words, "-append").ends_with(" guest"));
  EXPECT_TRUE(value_of(guest_command(request, {true, true}), "-append").ends_with(" guest ipv6"));
}

TEST(GuestCommand, OnlyMemoryThatIsCopiedHasAMonitorAndByDescriptor) {
  StartGuest request = request_of(Accelerator::tcg, false);
  request.has_root = 1;
  request.memory = GuestMemory::written;
  const auto written = guest_command(request, {});
  EXPECT_EQ(value_of(written, "-M"), "microvm,acpi=off,memory-backend=ram");
  EXPECT_EQ(value_of(written, "-mon"), "chardev=monitor,mode=control");
  EXPECT_THAT(written, testing::Contains("socket,id=monitor,fd=13"));
  EXPECT_THAT(written, testing::Contains("memory-backend-file,id=ram,size=96M,"
                                         "mem-path=/proc/self/fd/12,share=on"));
  EXPECT_THAT(written, Not(testing::Contains("-incoming")));
  request.memory = GuestMemory::copied;
  const auto copied = guest_command(request, {});
  EXPECT_THAT(copied, testing::Contains(HasSubstr("share=off")));
  EXPECT_EQ(value_of(copied, "-incoming"), "defer");
}

// What a guest sees must be the same in both, or the state of one does not fit the other.
TEST(GuestCommand, ATemplateAndItsCopiesHaveTheSameDevices) {
  const auto devices_of = [](const StartGuest& request) {
    auto devices = values_of(guest_command(request, {true, true}), "-device");
    devices.push_back(value_of(guest_command(request, {true, true}), "-append"));
    return devices;
  };
  StartGuest made = request_of(Accelerator::tcg, false);
  made.has_root = 1;
  made.memory = GuestMemory::written;
  const auto wanted = devices_of(made);
  EXPECT_TRUE(wanted.back().ends_with(" guest template")) << wanted.back();
  // tmp and root, and two for each disk whose content comes later.
  EXPECT_EQ(values_of(guest_command(made, {}), "-blockdev").size(), 6U);
  StartGuest copy = made;
  copy.memory = GuestMemory::copied;
  EXPECT_EQ(devices_of(copy), wanted);
  copy.has_code = copy.has_layers = 1;
  EXPECT_EQ(devices_of(copy), wanted);
}

TEST(GuestCommand, WhatIsOnADiskOfACopyCanBeExchanged) {
  StartGuest copy = request_of(Accelerator::tcg, false);
  copy.memory = GuestMemory::copied;
  copy.has_root = copy.has_code = 1;
  const auto nodes = values_of(guest_command(copy, {}), "-blockdev");
  EXPECT_THAT(nodes, testing::Contains(HasSubstr("node-name=code-first,filename=/dev/fdset/10")));
  EXPECT_THAT(nodes, testing::Contains("driver=raw,node-name=code,read-only=on,file=code-first"));
  EXPECT_THAT(nodes, testing::Contains(testing::StartsWith("driver=null-co,")));
  EXPECT_THAT(nodes, testing::Contains("driver=raw,node-name=opt,read-only=on,file=opt-first"));
}

}  // namespace
}  // namespace proa::launcher
