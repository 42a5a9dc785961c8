#include "kernels/stored_kernel.h"

#include "kernels/manifest.h"
#include "unit/kernels/fake_host.h"

namespace proa::kernels {
namespace {

/// A folder with a kernel that was just made.
class StoredKernelTest : public FakeHostTest {
 protected:
  StoredKernelTest() {
    manifest_.name = "net";
    manifest_.package = "linux-source-6.1";
    manifest_.package_version = "6.1.9-1";
    manifest_.architecture = "x86_64";
    manifest_.kernel = {6, to_hex(sha256("kernel"))};
    manifest_.initrd = {6, to_hex(sha256("initrd"))};
    manifest_.made = WallTime(std::chrono::seconds(1));
    name_ = "kernels/" + id_of(manifest_) + "/";
    write(name_ + "kernel", "kernel");
    write(name_ + "initrd", "initrd");
    EXPECT_TRUE(write_manifest(folder(), manifest_, key_));
  }
  std::filesystem::path folder() const { return top_ / "kernels" / id_of(manifest_); }
  static std::string failure(const Result<Kernel>& result) {
    return result ? "none" : result.error().message();
  }

  Ed25519Key key_ = Ed25519Key::make().value();
  Manifest manifest_;
  std::string name_;
};

TEST_F(StoredKernelTest, IsReadWhereItsManifestIsSigned) {
  const auto kernel = read_kernel(folder(), key_.public_half());
  ASSERT_TRUE(kernel) << kernel.error().message();
  EXPECT_EQ(kernel.value().id, id_of(manifest_));
  EXPECT_TRUE(check_bytes(kernel.value()).value().problems.empty());
  EXPECT_NE(failure(read_kernel(folder(), Ed25519Key::make().value().public_half())), "none");
  EXPECT_TRUE(read_unsigned_kernel(folder()));
}

TEST_F(StoredKernelTest, TheSignatureIsOfTheFilesThatTheManifestNames) {
  // The very manifest of another kernel, with its signature.
  Manifest other = manifest_;
  other.kernel = {6, to_hex(sha256("KERNEL"))};
  const auto folder_of_other = top_ / "kernels" / id_of(other);
  write("kernels/" + id_of(other) + "/kernel", "KERNEL");
  write("kernels/" + id_of(other) + "/initrd", "initrd");
  ASSERT_TRUE(write_manifest(folder_of_other, other, key_));
  write(name_ + "signature", read(folder_of_other / "signature"));
  EXPECT_NE(failure(read_kernel(folder(), key_.public_half())), "none");
  write(name_ + "manifest.json", read(folder_of_other / "manifest.json"));
  EXPECT_EQ(failure(read_kernel(folder(), key_.public_half())),
            "its manifest is that of kernel " + id_of(other));
}

TEST_F(StoredKernelTest, ACheckNamesAllThatIsWrong) {
  EXPECT_TRUE(check_folder(folder(), key_.public_half()).value().problems.empty());
  write(name_ + "kernel", "KERNEL");
  write(name_ + "initrd", "INITRD");
  std::filesystem::remove(folder() / "signature");
  const auto problems = check_folder(folder(), key_.public_half()).value().problems;
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_TRUE(problems[0].starts_with("kernel has the SHA-256 "));
  EXPECT_TRUE(problems[1].starts_with("initrd has the SHA-256 "));
  EXPECT_TRUE(problems[2].starts_with("this host has not signed it")) << problems[2];
  ASSERT_TRUE(sign_kernel(folder(), manifest_, key_));
  EXPECT_EQ(check_folder(folder(), key_.public_half()).value().problems.size(), 2U);
}

}  // namespace
}  // namespace proa::kernels
