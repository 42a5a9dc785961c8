// A host with an apt that has one kernel and its source: scripts in a folder that is the search
// path, and a folder that stands for both packages.
#pragma once

#include "base/encoding.h"
#include "kernels/kernels.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace proa::kernels {

inline const std::string kElf =
    "\x7f"
    "ELF";

class FakeHostTest : public ::testing::Test {
 protected:
  static constexpr const char* kRelease = "6.1.0-9-cloud-amd64";

  FakeHostTest() {
    std::string name = (std::filesystem::temp_directory_path() / "proa-kernels-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    for (const char* part : {"bin", "kernels", "work"}) {
      std::filesystem::create_directories(top_ / part);
    }
    make_package();
    write("deb", "an archive");
    make_programs(to_hex(sha256("an archive")));
    write("proa-init", kElf + " the init");
    make_recipes();
  }
  ~FakeHostTest() override { std::filesystem::remove_all(top_); }

  /// Makes a file below the top folder anew.
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path, std::ios::binary) << text;
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  /// A script instead of one of the host's programs.
  void program(const std::string& name, const std::string& script) const {
    write("bin/" + name, "#!/bin/sh\n" + script);
    std::filesystem::permissions(top_ / "bin" / name, std::filesystem::perms::owner_all);
  }
  std::string search_path() const { return (top_ / "bin").string() + ":/usr/bin:/bin"; }
  std::string modules() const { return std::string("package/lib/modules/") + kRelease; }
  /// What depmod writes.
  void dependencies(const std::string& text) const { write("modules.dep", text); }

  std::filesystem::path top_;

 private:
  void make_package() const {
    write(std::string("package/boot/vmlinuz-") + kRelease, "the kernel");
    write(modules() + "/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
    for (const char* path : {"virtio/virtio", "virtio/virtio_mmio", "char/virtio_console",
                             "block/virtio_blk", "net/virtio_net", "char/virtio-rng"}) {
      write(modules() + "/kernel/drivers/" + path + ".ko", kElf + path);
    }
    write(modules() + "/kernel/fs/erofs.ko", kElf + "erofs");
    write(modules() + "/kernel/fs/overlay.ko", kElf + "overlay");
    std::string text;
    for (const char* path : {"virtio/virtio_mmio.ko", "char/virtio_console.ko",
                             "block/virtio_blk.ko", "net/virtio_net.ko", "char/virtio-rng.ko"}) {
      text += std::string("kernel/drivers/") + path + ": kernel/drivers/virtio/virtio.ko\n";
    }
    dependencies(text +
                 "kernel/drivers/virtio/virtio.ko:\nkernel/fs/erofs.ko:\n"
                 "kernel/fs/overlay.ko:\n");
  }

  void make_recipes() const {
    write("recipes/variants", "small: base\nnet: base net\n");
    write("recipes/base.config", "CONFIG_PVH=y\n");
    write("recipes/net.config", "CONFIG_NET=y\n");
    write("recipes/gates", "CONFIG_NET: socket bind\nCONFIG_AIO: io_setup\n");
    write("recipes/build.sh", "the program");
    write("recipes/missing.sh", "a part of it");
    write("package/usr/src/linux-source-6.1.tar.xz", "the source");
  }

  void make_programs(const std::string& digest) const {
    const std::string image = std::string("linux-image-") + kRelease;
    program("apt-cache",
            "case $4 in\n"
            "linux-image-cloud-amd64) echo 'Package: linux-image-cloud-amd64'\n"
            "  echo 'Depends: other, " +
                image +
                " (= 6.1.9-1)' ;;\n"
                "*) echo \"Package: $4\" ;;\n"
                "esac\n"
                "echo 'Version: 6.1.9-1'\necho 'SHA256: " +
                digest + "'\n");
    const std::string archive = (top_ / "deb").string();
    program("apt-get", "case $5 in\n" + image + "=6.1.9-1) cp " + archive + " " + image +
                           "_6.1.9-1_amd64.deb ;;\n"
                           "linux-source-6.1=6.1.9-1) cp " +
                           archive +
                           " linux-source-6.1_6.1.9-1_all.deb ;;\n"
                           "*) exit 100 ;;\n"
                           "esac\n");
    program("gcc", "echo 'gcc (Fake) 12.2.0'; echo 'more words'\n");
    program("dpkg-deb", "cp -r " + (top_ / "package").string() + " \"$3\"\n");
    program("depmod", "cp " + (top_ / "modules.dep").string() + " lib/modules/$3/modules.dep\n");
  }
};

}  // namespace proa::kernels
