#include "frames/init/guest_limits.h"

#include "unit/frames/apart.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace proa::frames::init {
namespace {

constexpr const char* kNamespaces = "/proc/sys/user/max_user_namespaces";

std::string first_line(const char* path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line;
}

bool is_limited(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  return ::getrlimit(resource, &limit) == 0 && limit.rlim_cur == value && limit.rlim_max == value;
}

// In a user namespace of its own, whose number of further ones is its own, too. There nobody may
// lower an oom_score_adj, which is the last step; a booted guest shows that one.
TEST(GuestLimits, AreThoseOfAContainer) {
  const std::string before = first_line(kNamespaces);
  const int result = apart(CLONE_NEWUSER | CLONE_NEWUTS, [] {
    const char* failed = set_guest_limits();
    if (failed == nullptr || std::string_view(failed) != "oom_score_adj of init") return 1;
    std::array<char, 65> name{};
    if (::gethostname(name.data(), name.size()) != 0) return 2;
    if (std::string_view(name.data()) != "sandbox") return 2;
    if (!is_limited(RLIMIT_NOFILE, 1024) || !is_limited(RLIMIT_CORE, 0)) return 3;
    if (!is_limited(RLIMIT_NPROC, 1024)) return 4;
    return ::unshare(CLONE_NEWUSER) != 0 ? 0 : 5;
  });
  if (result == -1) GTEST_SKIP() << "no user namespace can be made here";
  EXPECT_EQ(result, 0);
  EXPECT_EQ(first_line(kNamespaces), before) << "of the host, which is none of its business";
}

}  // namespace
}  // namespace proa::frames::init
