#include "kernels/module_index.h"

#include <gtest/gtest.h>

namespace proa::kernels {
namespace {

constexpr const char* kDependencies =
    "kernel/net/core/failover.ko:\n"
    "kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko\n"
    "kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko "
    "kernel/net/core/failover.ko kernel/drivers/virtio/virtio_ring.ko "
    "kernel/drivers/virtio/virtio.ko\n"
    "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko\n"
    "kernel/drivers/virtio/virtio.ko:\n"
    "kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio_ring.ko "
    "kernel/drivers/virtio/virtio.ko\n";

/// The names in their order, or the error.
std::string order(std::string_view dependencies, std::string_view builtin,
                  const std::vector<std::string>& wanted) {
  const auto index = ModuleIndex::parse(dependencies, builtin);
  if (!index) return std::string(to_string(index.error().code())) + " " + index.error().message();
  const auto modules = index.value().load_order(wanted);
  if (!modules) return modules.error().message();
  std::string names;
  for (const Module& module : modules.value()) names += module.name + " ";
  return names;
}

TEST(ModuleIndex, PutsWhatIsNeededFirstAndNothingTwice) {
  EXPECT_EQ(order(kDependencies, "", {"virtio_rng", "virtio_net"}),
            "virtio virtio_ring virtio_rng failover net_failover virtio_net ");
  EXPECT_EQ(order(kDependencies, "", {"virtio_net", "virtio_rng", "virtio"}),
            "virtio virtio_ring failover net_failover virtio_net virtio_rng ");
  EXPECT_EQ(order(kDependencies, "", {}), "");
}

TEST(ModuleIndex, KnowsTheFileOfAModule) {
  const auto index = ModuleIndex::parse(kDependencies, "").value();
  EXPECT_EQ(index.load_order({"virtio_rng"}).value().back().path,
            "kernel/drivers/char/hw_random/virtio-rng.ko.xz");
}

TEST(ModuleIndex, LeavesOutWhatIsBuiltIn) {
  EXPECT_EQ(order(kDependencies, "kernel/fs/ext4/ext4.ko\nkernel/drivers/virtio/virtio.ko\n",
                  {"ext4", "virtio_rng"}),
            "virtio_ring virtio_rng ");
  EXPECT_EQ(order("", "kernel/a-b.ko", {"a_b"}), "");
}

TEST(ModuleIndex, NamesAModuleThatIsMissing) {
  EXPECT_EQ(order(kDependencies, "", {"erofs"}),
            "the kernel's package has no module erofs and it is not built in");
  EXPECT_EQ(order("a.ko: b.ko\n", "", {"a"}),
            "the kernel's package has no module b, which a needs, and it is not built in");
}

TEST(ModuleIndex, RefusesCirclesAndEndlessChains) {
  EXPECT_EQ(order("a.ko: b.ko\nb.ko: a.ko\n", "", {"a"}), "modules.dep lets module a need itself");
  EXPECT_EQ(order("a.ko: a.ko\n", "", {"a"}), "modules.dep lets module a need itself");
  std::string chain;
  for (int i = 0; i < 200; ++i) {
    chain += "m" + std::to_string(i) + ".ko: m" + std::to_string(i + 1) + ".ko\n";
  }
  EXPECT_EQ(order(chain, "", {"m0"}), "modules.dep lets module m64 need itself");
}

TEST(ModuleIndex, RefusesLinesThatDepmodDoesNotWrite) {
  for (const char* line : {"/etc/x.ko:", "../x.ko:", "a/../../x.ko:", "x.ko", "x.txt:", ":",
                           "x.kobold:", "x.ko: /etc/y.ko", "x.ko: ../y.ko", "x.ko: y",
                           "x\x01.ko:", "x.ko: y\t.ko", "x.ko y.ko:"}) {
    EXPECT_EQ(order("a.ko:\n\n" + std::string(line) + "\n", "", {}),
              "corrupt line 3 of modules.dep is none that depmod writes")
        << line;
  }
  EXPECT_EQ(order("", "a.ko\nnonsense\n", {}),
            "corrupt line 2 of modules.builtin is none that depmod writes");
}

}  // namespace
}  // namespace proa::kernels
