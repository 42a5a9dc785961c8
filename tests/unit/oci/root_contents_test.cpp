#include "oci/oci.h"
#include "os/file.h"
#include "unit/oci/archive_builder.h"

#include <gmock/gmock.h>

namespace proa::oci {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class RootContentsTest : public ArchiveTest {
 protected:
  void SetUp() override {
    ArchiveTest::SetUp();
    root_ = folder_ / "root";
  }
  Result<Unpacked> unpack_tar(const std::vector<Node>& nodes, Packing packing = Packing::none) {
    const auto path = write(tar_of(nodes, packing));
    TRY(const auto root, os::open_file(root_, O_RDONLY | O_DIRECTORY));
    return unpack_root(path, root.get(), additions_, limits_);
  }
  Result<RootContents> contents(std::string_view architecture = "x86_64") {
    TRY(const auto root, os::open_file(root_, O_RDONLY | O_DIRECTORY));
    return read_root(root.get(), architecture);
  }
  static std::string elf(char machine) {
    std::string bytes(64, '\0');
    bytes.replace(0, 4,
                  "\x7f"
                  "ELF");
    bytes[18] = machine;
    return bytes;
  }

  fs::path root_;
  RootAdditions additions_;
  Limits limits_;
};

TEST_F(RootContentsTest, ARootIsUnpackedWithWhatIsAdded) {
  additions_.files = {{"etc/passwd", "ours"}};
  additions_.missing_files = {{"etc/there", "ours"}, {"etc/missing", "ours"}};
  additions_.missing_links = {{"usr/link", "/etc/passwd"}, {"etc/there", "/nowhere"}};
  additions_.folders = {"var/task"};
  const auto unpacked = unpack_tar({{"usr/bin/run", "#!", AE_IFREG, 0755},
                                    {"etc/passwd", "theirs"},
                                    {"etc/there", "theirs"},
                                    {"var/task", "../etc", AE_IFLNK},
                                    {"dev/null", "", AE_IFCHR}},
                                   Packing::zstd);
  ASSERT_TRUE(unpacked) << unpacked.error().message();
  EXPECT_EQ(unpacked.value().skipped, 1U);
  EXPECT_EQ(os::read_file(root_ / "etc/passwd").value(), "ours");
  EXPECT_EQ(os::read_file(root_ / "etc/there").value(), "theirs");
  EXPECT_EQ(os::read_file(root_ / "etc/missing").value(), "ours");
  EXPECT_EQ(fs::read_symlink(root_ / "usr/link"), "/etc/passwd");
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(root_ / "var/task"))) << "and no link";
}

TEST_F(RootContentsTest, WhatIsNoRootIsRefused) {
  const auto refused = unpack_tar({{"index.json", "{}"}});
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_THAT(refused.error().message(), HasSubstr("neither /usr nor /bin"));
  EXPECT_THAT(unpack_tar({{"usr/a", "a"}, {"../b", "b"}}).error().message(),
              HasSubstr("leads outside"));
}

TEST_F(RootContentsTest, FindsInterpretersByPackagesAndHeaders) {
  ASSERT_TRUE(unpack_tar(
      {{"usr/bin/python3.11", elf(62), AE_IFREG, 0755},
       {"usr/bin/python3.9", "no program"},
       {"usr/local/bin/python3.13", "#!", AE_IFREG, 0755},
       {"usr/local/include/python3.13/patchlevel.h", "#define PY_VERSION      \"3.13.1+\"\n"},
       {"usr/bin/node", "#!", AE_IFREG, 0755},
       {"var/lib/dpkg/status",
        "Package: nodejs\nVersion: 18.19.0+dfsg-6~deb12u2\nStatus: install ok unpacked\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
        "Package: bad name\nVersion: 1\nStatus: install ok installed\n\n"
        "Package: python3.11-minimal\nStatus: install ok installed\nVersion: "
        "3.11.2-6+deb12u6\n"}}));
  const auto found = contents();
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_THAT(found.value().interpreters,
              ElementsAre(RootInterpreter{"python3.11", "3.11.2", "/usr/bin/python3.11"},
                          RootInterpreter{"python3.13", "3.13.1", "/usr/local/bin/python3.13"},
                          RootInterpreter{"nodejs18.x", "18.19.0", "/usr/bin/node"}));
  EXPECT_THAT(found.value().packages,
              ElementsAre(RootPackage{"nodejs", "18.19.0+dfsg-6~deb12u2"},
                          RootPackage{"python3.11-minimal", "3.11.2-6+deb12u6"}));
}

TEST_F(RootContentsTest, ReadsNodesHeader) {
  ASSERT_TRUE(unpack_tar({{"usr/local/bin/node", "#!", AE_IFREG, 0755},
                          {"usr/local/include/node/node_version.h",
                           "#define NODE_MAJOR_VERSION 22\n#define NODE_MINOR_VERSION 3\n"
                           "#define NODE_PATCH_VERSION 1\n"}}));
  EXPECT_THAT(contents().value().interpreters,
              ElementsAre(RootInterpreter{"nodejs22.x", "22.3.1", "/usr/local/bin/node"}));
}

TEST_F(RootContentsTest, InterpretersOfAnotherMachineAreRefused) {
  ASSERT_TRUE(unpack_tar({{"usr/bin/python3.11", elf(static_cast<char>(183)), AE_IFREG, 0755}}));
  EXPECT_THAT(contents().error().message(), HasSubstr("is for arm64, and this host is x86_64"));
  EXPECT_TRUE(contents("arm64"));
  EXPECT_TRUE(contents(""));
}

}  // namespace
}  // namespace proa::oci
