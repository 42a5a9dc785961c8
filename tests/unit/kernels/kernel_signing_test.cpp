// What a store says of kernels that its key has not signed.
#include "unit/kernels/store_fixture.h"

namespace proa::kernels {
namespace {

using KernelSigningTest = KernelStoreTest;

TEST_F(KernelSigningTest, WhatThisHostHasNotSignedIsBroken) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  const std::string unsigned_text = "this host has not signed it: proa kernel sign " + id;
  const std::string other_text =
      "its signature is not of this manifest by this host's key: if nobody has changed it, proa "
      "kernel sign " +
      id;
  fs::remove(folder_ / id / "signature");
  EXPECT_EQ(failure(store->find("stock")), "not_found There is no kernel 'stock'");
  EXPECT_EQ(failure(store->find(id)), "corrupt Kernel " + id + " is broken: " + unsigned_text);
  EXPECT_EQ(store->verify(id).value().problems, std::vector{unsigned_text});
  for (const std::string& signature : {std::string(64, 'x'), std::string(63, 'x'), std::string()}) {
    write("kernels/" + id + "/signature", signature);
    EXPECT_EQ(store->verify(id).value().problems, std::vector{other_text});
  }
  EXPECT_EQ(failure(store->use(id)).substr(0, 7), "corrupt");
  EXPECT_EQ(failure(store->sign("x")), "not_found There is no kernel 'x'");
  EXPECT_EQ(failure(store->sign(id)), "none");
  EXPECT_TRUE(store->verify(id).value().problems.empty());
  EXPECT_EQ(failure(store->sign(id)), "none") << "it is signed already";
}

TEST_F(KernelSigningTest, WhatIsNotAsItsManifestSaysIsNotSigned) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  write("kernels/" + id + "/signature", "");
  write("kernels/" + id + "/kernel", "THE KERNEL");
  EXPECT_EQ(failure(store->sign(id)), "corrupt kernel has the SHA-256 " +
                                          to_hex(sha256("THE KERNEL")) + ", its manifest says " +
                                          to_hex(sha256("the kernel")));
  EXPECT_EQ(store->verify(id).value().problems.size(), 2U) << "bytes and signature";
  write("kernels/" + id + "/kernel", "the");
  EXPECT_EQ(failure(store->sign(id)), "corrupt kernel has 3 bytes, its manifest says 10");
}

TEST_F(KernelSigningTest, AManifestWithOtherWordsIsNotTheSignedOne) {
  const auto store = open();
  const std::string id = build(*store, "net").value().kernel.id;
  std::string text = read(folder_ / id / "manifest.json");
  text.replace(text.find("CONFIG_AIO"), 10, "CONFIG_BIO");
  write("kernels/" + id + "/manifest.json", text);
  EXPECT_EQ(failure(store->find(id)).substr(0, 7), "corrupt");
}

TEST_F(KernelSigningTest, WithANewKeyWhatIsIntactIsSignedAndTheRestIsNot) {
  const std::string good = add(*open(), clock_);
  newer_kernel();
  const std::string bad = add(*open(), clock_);
  write("kernels/" + bad + "/kernel", "THE KERNEL");
  fs::remove(folder_ / good / "signature");  // as a Proa that signed nothing has left it
  const std::string key = read(top_ / "kernels.key");
  fs::remove(top_ / "kernels.key");
  const auto store = open();
  EXPECT_NE(read(top_ / "kernels.key"), key);
  EXPECT_EQ(fs::status(top_ / "kernels.key").permissions(), fs::perms(0600));
  EXPECT_TRUE(store->find(good));
  const auto list = store->list().value();
  ASSERT_EQ(list.broken.size(), 1U);
  EXPECT_EQ(list.broken.front().folder, bad);
  fs::remove(folder_ / good / "signature");
  EXPECT_FALSE(open()->find(good)) << "only a new key signs what is there";
}

TEST_F(KernelSigningTest, AnUnsignedKernelIsNoResultOfABuild) {
  const auto store = open();
  const std::string id = build(*store, "net").value().kernel.id;
  fs::remove(folder_ / id / "signature");
  EXPECT_TRUE(store->begin_build("net").value()->needs_program());
  const auto healed = build(*store, "net");
  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_TRUE(healed.value().is_new);
  EXPECT_TRUE(store->find(id));
}

}  // namespace
}  // namespace proa::kernels
