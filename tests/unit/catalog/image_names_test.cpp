#include "catalog/image_names.h"

#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

std::string plain(std::string_view name) {
  auto made = plain_image_name(name);
  return made ? made.value() : "none";
}

TEST(ImageNames, HaveATagAndNoRegistryThatDockerAssumes) {
  EXPECT_EQ(plain("app"), "app:latest");
  EXPECT_EQ(plain("app:1"), "app:1");
  EXPECT_EQ(plain("docker.io/library/app:1"), "app:1");
  EXPECT_EQ(plain("docker.io/me/app"), "me/app:latest");
  EXPECT_EQ(plain("registry:5000/app"), "registry:5000/app:latest");
  EXPECT_EQ(plain("123456789012.dkr.ecr.us-east-1.amazonaws.com/a_b-c:v1.2"),
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/a_b-c:v1.2");
}

TEST(ImageNames, AreNothingElse) {
  for (const std::string_view name : {"", "a b", "a\n", ":tag", "/app", "app@sha256:0", "a?b"}) {
    EXPECT_EQ(plain(name), "none") << name;
  }
  EXPECT_EQ(plain(std::string(600, 'a')), "none");
}

TEST(ImageNames, MayBeDigests) {
  EXPECT_EQ(digest_in("sha256:abc"), "abc");
  EXPECT_EQ(digest_in("app:1@sha256:abc"), "abc");
  EXPECT_EQ(digest_in("app:1"), "");
}

TEST(ImageNames, AreResolvedToTheirDigest) {
  EXPECT_EQ(resolved_uri("host:5000/app:1", "sha256:d"), "host:5000/app@sha256:d");
  EXPECT_EQ(resolved_uri("host:5000/app", "sha256:d"), "host:5000/app@sha256:d");
  EXPECT_EQ(resolved_uri("app@sha256:x", "sha256:d"), "app@sha256:d");
  EXPECT_EQ(resolved_uri("sha256:x", "sha256:d"), "sha256:d");
}

}  // namespace
}  // namespace proa::catalog
