// Kernels that a Proa with another proa-init has stored.
#include "kernels/renew_kernel.h"

#include "kernels/manifest.h"
#include "kernels/stored_kernel.h"
#include "unit/kernels/store_fixture.h"

namespace proa::kernels {
namespace {

class RenewKernelTest : public KernelStoreTest {
 protected:
  void newer_init() const { write("proa-init", kElf + " a newer init"); }
  std::string init_digest() const { return to_hex(sha256(read(top_ / "proa-init"))); }
};

TEST_F(RenewKernelTest, TheStartGivesThemThisOnesProaInitAndKeepsWhatWasMeasured) {
  const Measurement measured{"tcg", std::chrono::milliseconds(650), 30, 24};
  const std::string before = add(*open(), clock_);
  ASSERT_TRUE(open()->note(before, measured));
  newer_init();
  const auto store = open();
  const auto all = store->list().value();
  ASSERT_EQ(all.kernels.size(), 1U);
  EXPECT_TRUE(all.broken.empty());
  const Kernel& renewed = all.kernels.front();
  EXPECT_NE(renewed.id, before);
  EXPECT_EQ(renewed.manifest.init_sha256, init_digest());
  EXPECT_EQ(renewed.manifest.measured, measured);
  EXPECT_TRUE(store->verify("stock").value().problems.empty());
  EXPECT_TRUE(store->use("stock"));
  const auto added = store->add_stock();
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_FALSE(added.value().is_new) << "it is what this Proa would have stored";
  EXPECT_EQ(added.value().kernel.id, renewed.id);
}

TEST_F(RenewKernelTest, OneThatWasBuiltKeepsItsConfiguration) {
  const std::string before = build(*open(), "net").value().kernel.id;
  newer_init();
  const Kernel renewed = open()->find("net").value();
  EXPECT_NE(renewed.id, before);
  EXPECT_EQ(read(renewed.folder / kConfigFile), "CONFIG_PVH=y\n");
  EXPECT_TRUE(renewed.manifest.build);
}

TEST_F(RenewKernelTest, OneOfAProaThatNotedNoProaInitIsKeptWhereItIsTheSame) {
  const std::string id = add(*open(), clock_);
  Manifest manifest = open()->find(id).value().manifest;
  manifest.init_sha256.clear();
  const auto key = read_signing_key(top_ / "kernels.key");
  ASSERT_TRUE(write_manifest(folder_ / id, manifest, key.value().key));
  const Kernel kernel = open()->find(id).value();
  EXPECT_EQ(kernel.manifest.init_sha256, init_digest());
  EXPECT_EQ(names(), id + " ");
}

TEST_F(RenewKernelTest, OneWhoseBytesWereChangedStaysAndRunsNoMachine) {
  const std::string id = add(*open(), clock_);
  write("kernels/" + id + "/kernel", "THE KERNEL");
  newer_init();
  const auto store = open();
  EXPECT_EQ(names(), id + " ");
  EXPECT_TRUE(store->find(id));
  EXPECT_EQ(failure(store->use(id)),
            "unsupported The guest kernel " + id +
                " has the proa-init of another Proa, and could not be given this one's: proa "
                "kernel verify " +
                id);
}

}  // namespace
}  // namespace proa::kernels
