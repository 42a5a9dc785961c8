#include "kernels/debian_package.h"

#include "unit/kernels/fake_host.h"

namespace proa::kernels {
namespace {

class DebianPackageTest : public FakeHostTest {
 protected:
  Result<UnpackedPackage> fetch() {
    const auto commands = Commands::make(search_path()).value();
    return fetch_stock(commands, "x86_64", top_ / "work",
                       [this](std::string_view step) { steps_.append(step).append("; "); });
  }
  std::string failure() {
    const auto fetched = fetch();
    if (fetched) return "none";
    return std::string(to_string(fetched.error().code())) + " " + fetched.error().message();
  }
  std::string steps_;
};

TEST_F(DebianPackageTest, IsTheKernelThatTheNamelessOneDependsOn) {
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message();
  EXPECT_EQ(fetched.value().name, "linux-image-6.1.0-9-cloud-amd64");
  EXPECT_EQ(fetched.value().version, "6.1.9-1");
  EXPECT_EQ(read(fetched.value().kernel), "the kernel");
  EXPECT_EQ(read(fetched.value().modules / "modules.dep"), read(top_ / "modules.dep"));
  EXPECT_EQ(steps_,
            "looking for the package; downloading linux-image-6.1.0-9-cloud-amd64; "
            "unpacking linux-image-6.1.0-9-cloud-amd64; ");
}

TEST_F(DebianPackageTest, MayHaveItsModulesBelowUsrAndItsOwnIndex) {
  std::filesystem::create_directories(top_ / "package/usr");
  std::filesystem::rename(top_ / "package/lib", top_ / "package/usr/lib");
  write("package/usr/lib/modules/" + std::string(kRelease) + "/modules.dep", "its own");
  std::filesystem::remove(top_ / "bin" / "depmod");
  const auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message();
  EXPECT_EQ(read(fetched.value().modules / "modules.dep"), "its own");
}

TEST_F(DebianPackageTest, UnknownToAptIsSaidSo) {
  program("apt-cache",
          "echo 'N: Unable to locate package' >&2; echo 'E: No packages found' >&2; "
          "exit 100\n");
  EXPECT_EQ(failure(),
            "unavailable apt knows no package linux-image-cloud-amd64 (apt-cache failed "
            "(status 100): No packages found); has this host run apt-get update?");
  program("apt-cache",
          "printf 'Package: linux-image-cloud-amd64\\nVersion: 1\\nDepends: x\\n'\n"
          "echo SHA256: " +
              std::string(64, 'a') + "\n");
  EXPECT_EQ(failure(), "corrupt linux-image-cloud-amd64 depends on no kernel");
  program("apt-cache",
          "echo Package: other\necho Version: 1\n"
          "echo SHA256: " +
              std::string(64, 'a') + "\n");
  EXPECT_EQ(failure(), "corrupt apt-cache tells of 'other', not of linux-image-cloud-amd64");
}

TEST_F(DebianPackageTest, WithoutAMirrorAptsWordsAreTold) {
  program("apt-get", "echo 'E: Failed to fetch it  Could not resolve the name' >&2; exit 100\n");
  EXPECT_EQ(failure(),
            "unavailable apt-get failed (status 100): Failed to fetch it  Could not "
            "resolve the name");
}

TEST_F(DebianPackageTest, NeedsTheHostsTools) {
  for (const char* name : {"apt-cache", "apt-get", "dpkg-deb"}) {
    const std::string kept = read(top_ / "bin" / name);
    // Found before the host's own, which must not be used here.
    program(name, "exit 1\n");
    EXPECT_EQ(failure().substr(0, 11), "unavailable") << name;
    write(std::string("bin/") + name, kept);
    std::filesystem::remove_all(top_ / "work");
    std::filesystem::create_directories(top_ / "work");
  }
  std::filesystem::remove(top_ / "bin" / "depmod");
  EXPECT_EQ(failure(),
            "unsupported the stock kernel's modules need the package kmod: there is no "
            "depmod on this host");
}

TEST_F(DebianPackageTest, MustBeWhatAptsListsSay) {
  write("deb", "another archive");
  EXPECT_EQ(failure(), "corrupt the archive of linux-image-6.1.0-9-cloud-amd64 has the SHA-256 " +
                           to_hex(sha256("another archive")) + ", apt's lists say " +
                           to_hex(sha256("an archive")));
  program("apt-get", "exit 0\n");
  std::filesystem::remove_all(top_ / "work");
  std::filesystem::create_directories(top_ / "work");
  EXPECT_EQ(failure(),
            "corrupt apt-get download left no archive of linux-image-6.1.0-9-cloud-amd64");
}

TEST_F(DebianPackageTest, MustHaveOneKernelAndItsModules) {
  write("package/boot/vmlinuz-other", "one more");
  EXPECT_EQ(failure(), "corrupt linux-image-6.1.0-9-cloud-amd64 has not one file boot/vmlinuz-*");
  std::filesystem::remove(top_ / "package/boot" / (std::string("vmlinuz-") + kRelease));
  std::filesystem::remove_all(top_ / "work");
  std::filesystem::create_directories(top_ / "work");
  EXPECT_EQ(failure(), "corrupt the package has no folder lib/modules/other");
}

TEST(ParseRecord, TakesTheFirstParagraph) {
  const std::string digest(64, '0');
  const auto record = parse_record(
      "Package: a\nVersion: 1:2~x\nDescription: Package: b\n"
      "Depends: one (>= 1), two | three,four:any\nSHA256: " +
      digest + "\n\nPackage: b\nVersion: 2\n");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record.value().name, "a");
  EXPECT_EQ(record.value().version, "1:2~x");
  EXPECT_EQ(record.value().needs, (std::vector<std::string>{"one", "two", "four"}));
  EXPECT_EQ(record.value().sha256, digest);
}

TEST(ParseRecord, LetsNoOptionsAndPathsThrough) {
  const std::string rest = "\nSHA256: " + std::string(64, '0') + "\n";
  for (const char* begin :
       {"", "Package: a", "Package: -o\nVersion: 1", "Package: a/b\nVersion: 1",
        "Package: a\nVersion: --x", "Package: a\nVersion: 1;2", "Package: a b\nVersion: 1"}) {
    EXPECT_FALSE(parse_record(begin + rest)) << begin;
  }
  EXPECT_FALSE(parse_record("Package: a\nVersion: 1\nSHA256: 0\n"));
  EXPECT_FALSE(parse_record("Package: a\nVersion: 1\nSHA256: " + std::string(64, 'G')));
}

}  // namespace
}  // namespace proa::kernels
