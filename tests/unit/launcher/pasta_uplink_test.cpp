#include "launcher/net/pasta_uplink.h"

#include "launcher/net/namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proa::launcher::net {
namespace {

using ::testing::Contains;
using ::testing::Not;

PastaOptions options() {
  PastaOptions made;
  made.program = "/usr/bin/pasta";
  made.uid = pasta_uid(3);
  made.device = "up0";
  made.address4 = IpAddress::parse("100.64.0.2").value();
  made.gateway4 = IpAddress::parse("100.64.0.1").value();
  return made;
}

std::string after(const std::vector<std::string>& words, const std::string& option) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == option) return words[i + 1];
  }
  return "";
}

TEST(PastaUplink, ItsCommandLineLetsNothingInAndShutsTheHostsLoopback) {
  const auto words = pasta_arguments(options(), 17, 18);
  for (const char* ports : {"-t", "-u", "-T", "-U"}) EXPECT_EQ(after(words, ports), "none");
  EXPECT_THAT(words, Contains("--no-map-gw"));
  EXPECT_EQ(after(words, "--userns"), "/proc/self/fd/17");
  EXPECT_EQ(after(words, "--netns"), "/proc/self/fd/18");
  EXPECT_EQ(after(words, "--address"), "100.64.0.2");
}

TEST(PastaUplink, HasIpv6OnlyWhenEnvironmentsHave) {
  PastaOptions both = options();
  EXPECT_THAT(pasta_arguments(both, 3, 4), Contains("--ipv4-only"));
  both.address6 = IpAddress::parse("fd70:726f:6100::2").value();
  both.gateway6 = IpAddress::parse("fd70:726f:6100::1").value();
  EXPECT_THAT(pasta_arguments(both, 3, 4), Not(Contains("--ipv4-only")));
  EXPECT_THAT(pasta_arguments(both, 3, 4), Contains("fd70:726f:6100::2"));
}

TEST(PastaUplink, UsersOfInstancesDiffer) { EXPECT_NE(pasta_uid(0), pasta_uid(63)); }

TEST(PastaUplink, TheNetworkNamespaceBelongsToTheUserNamespaceOfPastasUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  auto made = make_owned_namespaces(pasta_uid(9));
  ASSERT_TRUE(made) << made.error().message();
  const os::UniqueFd owner(::ioctl(made.value().network.get(), NS_GET_USERNS));
  ASSERT_TRUE(owner);
  struct stat of_owner {};
  struct stat of_user {};
  ::fstat(owner.get(), &of_owner);
  ::fstat(made.value().user.get(), &of_user);
  EXPECT_EQ(of_owner.st_ino, of_user.st_ino);
  uid_t uid = 0;
  ASSERT_EQ(::ioctl(made.value().user.get(), NS_GET_OWNER_UID, &uid), 0);
  EXPECT_EQ(uid, pasta_uid(9));
}

}  // namespace
}  // namespace proa::launcher::net
