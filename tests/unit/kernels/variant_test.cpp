#include "kernels/variant.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

class VariantTest : public ::testing::Test {
 protected:
  VariantTest() {
    std::string name = (fs::temp_directory_path() / "proa-variant-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("variants", "# comment\nsmall: base\nlarge: base more\n");
    write("base.config", "# why\nCONFIG_A=y\n\nCONFIG_TEXT=\"x-1\"\n");
    write("more.config", "CONFIG_B=y\nCONFIG_CPUS=8\n");
    write("gates", "CONFIG_A: a\nCONFIG_B: b b2\nCONFIG_C: c\n");
  }
  ~VariantTest() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  std::string failure(const std::string& name = "large") const {
    const auto read = read_variant(folder_, name);
    if (read) return "none";
    return std::string(to_string(read.error().code())) + " " + read.error().message();
  }

  fs::path folder_;
};

TEST_F(VariantTest, HasTheLinesOfItsFragmentsAndLacksWhatTheOthersGive) {
  const auto small = read_variant(folder_, "small").value();
  EXPECT_EQ(small.options, (std::vector<std::string>{"CONFIG_A=y", "CONFIG_TEXT=\"x-1\""}));
  ASSERT_EQ(small.lacks.size(), 2U);
  EXPECT_EQ(small.lacks[0].option, "CONFIG_B");
  EXPECT_EQ(small.lacks[0].what, (std::vector<std::string>{"b", "b2"}));
  const auto large = read_variant(folder_, "large").value();
  EXPECT_EQ(large.options.size(), 4U);
  ASSERT_EQ(large.lacks.size(), 1U);
  EXPECT_EQ(large.lacks[0].option, "CONFIG_C");
}

TEST_F(VariantTest, WhatIsNotThereOrWrongIsNamed) {
  EXPECT_EQ(failure("x"),
            "not_found There is no kernel variant 'x'; these can be built: small, large");
  write("more.config", "CONFIG_B=m\n");
  EXPECT_EQ(failure(), "corrupt more.config has a wrong line: CONFIG_B=m")
      << "there are no modules";
  write("more.config", "CONFIG_A=n\n");
  EXPECT_EQ(failure(), "corrupt more.config has a wrong line: CONFIG_A=n") << "it is there already";
  write("more.config", "B=y\n");
  EXPECT_EQ(failure(), "corrupt more.config has a wrong line: B=y");
  write("more.config", "");
  write("gates", "NET: socket\n");
  EXPECT_EQ(failure().substr(0, 13), "corrupt gates");
  write("variants", "large: ../../etc/passwd\n");
  EXPECT_EQ(failure().substr(0, 16), "corrupt variants");
  fs::remove(folder_ / "variants");
  EXPECT_EQ(failure().substr(0, 9), "not_found");
}

// The files that are shipped.
class ShippedVariantTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ShippedVariantTest, HasWhatEveryGuestNeeds) {
  const auto read = read_variant(fs::path(PROA_SOURCE_DIR) / "runtimes" / "kernel", GetParam());
  ASSERT_TRUE(read) << read.error().message();
  const auto& options = read.value().options;
  const auto has = [&](const std::string& option) {
    return std::find(options.begin(), options.end(), option + "=y") != options.end();
  };
  for (const char* name :
       {"PVH", "X86_MPPARSE", "VIRTIO_MMIO_CMDLINE_DEVICES", "VIRTIO_BLK", "VIRTIO_CONSOLE",
        "HW_RANDOM_VIRTIO", "EROFS_FS", "EXT4_FS", "DEVTMPFS", "VM_EVENT_COUNTERS", "FUTEX"}) {
    EXPECT_TRUE(has(std::string("CONFIG_") + name)) << name;
  }
  const std::string name = GetParam();
  EXPECT_EQ(has("CONFIG_NET"), name != "nonet");
  EXPECT_EQ(has("CONFIG_VIRTIO_NET"), name == "net" || name == "full");
  EXPECT_EQ(has("CONFIG_IO_URING"), name == "full");
  EXPECT_FALSE(has("CONFIG_MODULES"));
}

INSTANTIATE_TEST_SUITE_P(Kernels, ShippedVariantTest,
                         ::testing::Values("nonet", "local", "net", "full"));

}  // namespace
}  // namespace proa::kernels
