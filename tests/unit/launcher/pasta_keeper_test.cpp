// The keeper through its owner: what it reports when pasta cannot run or ends.
#include "launcher/net/namespaces.h"
#include "launcher/net/pasta_uplink.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace proa::launcher::net {
namespace {

class Keeper : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || !NamespaceVisit::enter_new()) {
      GTEST_SKIP() << "needs root for namespaces";
    }
    spaces_ = std::move(make_owned_namespaces(pasta_uid(51)).value());
    host_ = std::move(current_namespace().value());
    program_ = std::filesystem::temp_directory_path() / ("not-pasta-" + std::to_string(::getpid()));
  }
  ~Keeper() override {
    std::error_code ignored;
    std::filesystem::remove(program_, ignored);
  }

  /// A program in pasta's place that runs `script` of the shell.
  Result<std::unique_ptr<PastaUplink>> start(const std::string& script) {
    std::ofstream(program_) << "#!/bin/sh\n" << script << "\n";
    ::chmod(program_.c_str(), 0755);
    PastaOptions options;
    options.program = program_.string();
    options.uid = pasta_uid(51);
    options.user_namespace = spaces_.user.get();
    options.router_namespace = spaces_.network.get();
    options.host_namespace = host_.get();
    options.device = "up0";
    options.group = 1;
    options.address4 = IpAddress::parse("100.64.0.2").value();
    options.gateway4 = IpAddress::parse("100.64.0.1").value();
    return PastaUplink::start(options);
  }

  OwnedNamespaces spaces_;
  os::UniqueFd host_;
  std::filesystem::path program_;
};

TEST_F(Keeper, AProgramThatEndsIsReportedInItsOwnWords) {
  const auto started = start("echo 'No routable interface' >&2; exit 1");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Errc::unavailable);
  EXPECT_NE(started.error().message().find("No routable interface"), std::string::npos)
      << started.error().message();
}

TEST_F(Keeper, TheProgramRunsAsItsUserWithoutPrivileges) {
  const auto started = start("echo \"uid $(id -u) $(grep CapEff /proc/self/status)\"; exit 1");
  ASSERT_FALSE(started);
  const std::string& words = started.error().message();
  EXPECT_NE(words.find("uid " + std::to_string(pasta_uid(51)) + " "), std::string::npos) << words;
  EXPECT_NE(words.find("0000000000000000"), std::string::npos) << words;
}

TEST_F(Keeper, AProgramThatEndsWithoutADeviceOrAWordIsAFailureToo) {
  const auto started = start("exit 0");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message().find("it said nothing"), std::string::npos);
}

}  // namespace
}  // namespace proa::launcher::net
