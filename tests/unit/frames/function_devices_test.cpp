// A folder stands for sysfs: files take what is written to drivers. Real devices: tests/compat/.
#include "frames/init/function_devices.h"

#include "os/unique_fd.h"
#include "unit/frames/scratch_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

namespace proa::frames::init {
namespace {

namespace fs = std::filesystem;

class FunctionDevicesTest : public testing::Test {
 protected:
  FunctionDevicesTest() {
    disk("vda", "virtio2");
    disk("vdc", "virtio4");
    disk("vdd", "virtio5");
    for (const char* driver : {"virtio_blk", "virtio_net"}) {
      folder_.write("sys/bus/virtio/drivers/" + std::string(driver) + "/bind", "");
    }
    fs::create_directories(folder_.at("nodes"));
  }
  void device(const std::string& name) const {
    folder_.write("sys/bus/virtio/devices/" + name + "/driver/unbind", "");
  }
  void disk(const std::string& node, const std::string& name) const {
    device(name);
    fs::create_directories(folder_.at("sys/block/" + node));
    fs::create_symlink("../../bus/virtio/devices/" + name,
                       folder_.at("sys/block/" + node + "/device"));
  }
  void card(const std::string& name) const {
    device(name);
    fs::create_directories(folder_.at("sys/class/net/eth0"));
    fs::create_symlink("../../../bus/virtio/devices/" + name,
                       folder_.at("sys/class/net/eth0/device"));
  }
  /// What the driver does when the device is bound to it.
  void appears(const std::string& name, const std::string& node) const {
    fs::create_directories(folder_.at("sys/bus/virtio/devices/" + name + "/block/" + node));
    folder_.write("nodes/" + node, "");
  }
  std::string text_of(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_.path() / name).rdbuf();
    return text.str();
  }
  static int open(const std::string& path) { return ::open(path.c_str(), O_PATH | O_CLOEXEC); }
  const char* put_down() {
    Disks disks;
    disks.tmp = Path({"/dev/vda"});
    disks.code = Path({"/dev/vdc"});
    disks.layers = Path({"/dev/vdd"});
    return devices_.put_down(disks, system_.get(), nodes_.get());
  }

  ScratchFolder folder_;
  os::UniqueFd system_{(fs::create_directories(folder_.at("sys")), open(folder_.at("sys")))};
  os::UniqueFd nodes_{(fs::create_directories(folder_.at("nodes")), open(folder_.at("nodes")))};
  FunctionDevices devices_;
};

TEST_F(FunctionDevicesTest, DriversLetGoOfThemAndGetThemBack) {
  card("virtio6");
  ASSERT_STREQ(put_down(), nullptr);
  for (const char* name : {"virtio2", "virtio4", "virtio5", "virtio6"}) {
    EXPECT_EQ(text_of("sys/bus/virtio/devices/" + std::string(name) + "/driver/unbind"), name);
  }
  appears("virtio2", "vdb");
  appears("virtio4", "vdc");
  appears("virtio5", "vde");
  Disks disks;
  ASSERT_STREQ(devices_.take_up_own(disks), nullptr);
  EXPECT_TRUE(disks.root.is_empty() && disks.code.is_empty());
  EXPECT_EQ(fs::canonical(disks.tmp.c_str()), fs::canonical(folder_.at("nodes/vdb")));
  ASSERT_STREQ(devices_.hide_nodes(), nullptr);
  EXPECT_FALSE(fs::exists(folder_.at("nodes/vdb")));
  ASSERT_STREQ(devices_.take_up_code(true, disks), nullptr);
  EXPECT_EQ(fs::canonical(disks.code.c_str()), fs::canonical(folder_.at("nodes/vdc")));
  EXPECT_EQ(fs::canonical(disks.layers.c_str()), fs::canonical(folder_.at("nodes/vde")));
  EXPECT_EQ(text_of("sys/bus/virtio/drivers/virtio_net/bind"), "virtio6");
  ASSERT_STREQ(devices_.hide_nodes(), nullptr);
  EXPECT_TRUE(fs::is_empty(folder_.at("nodes")));
}

TEST_F(FunctionDevicesTest, NeedNeitherNetworkNorLayers) {
  ASSERT_STREQ(put_down(), nullptr);
  appears("virtio2", "vda");
  appears("virtio4", "vdb");
  Disks disks;
  ASSERT_STREQ(devices_.take_up_own(disks), nullptr);
  ASSERT_STREQ(devices_.take_up_code(false, disks), nullptr);
  EXPECT_TRUE(disks.layers.is_empty());
  ASSERT_STREQ(devices_.hide_nodes(), nullptr);
  EXPECT_EQ(text_of("sys/bus/virtio/drivers/virtio_net/bind"), "");
}

TEST_F(FunctionDevicesTest, WhatIsMissingIsNamed) {
  fs::remove(folder_.at("sys/block/vdc/device"));
  EXPECT_STREQ(put_down(), "the disk code");
  disk("vdc", "virtio4");
}

TEST_F(FunctionDevicesTest, ADriverThatMakesNoDiskIsNoticed) {
  ASSERT_STREQ(put_down(), nullptr);
  Disks disks;
  errno = 0;
  EXPECT_STREQ(devices_.take_up_own(disks), "a disk of the function");
  EXPECT_EQ(errno, ENODEV);
}

}  // namespace
}  // namespace proa::frames::init
