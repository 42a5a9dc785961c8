#include "unit/kernels/fake_host.h"

namespace proa::kernels {
namespace {

class SigningKeyTest : public FakeHostTest {};

TEST_F(SigningKeyTest, IsThatOfTheFileElseANewOne) {
  const auto file = top_ / "some.key";
  const auto made = read_signing_key(file);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(made.value().is_new);
  EXPECT_FALSE(std::filesystem::exists(file)) << "whoever signs with it stores it";
  write("some.key", made.value().key.pem());
  const auto read = read_signing_key(file);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FALSE(read.value().is_new);
  EXPECT_EQ(read.value().key.public_half(), made.value().key.public_half());
}

TEST_F(SigningKeyTest, AFileThatIsNoKeyIsNamedAndNotReplaced) {
  write("some.key", "");
  const auto read = read_signing_key(top_ / "some.key");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Errc::corrupt);
  EXPECT_NE(read.error().message().find("some.key: it is no private Ed25519 key"),
            std::string::npos)
      << read.error().message();
  EXPECT_FALSE(read_signing_key(top_)) << "a folder";
}

}  // namespace
}  // namespace proa::kernels
