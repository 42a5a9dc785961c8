#include "unit/kernels/store_fixture.h"

#include <poll.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <thread>

namespace proa::kernels {
namespace {

TEST_F(KernelStoreTest, AddsTheStockKernelWithAnInitrdOfItsModules) {
  const auto store = open();
  const auto added = store->add_stock();
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_TRUE(added.value().is_new);
  const Kernel& kernel = added.value().kernel;
  const Manifest& manifest = kernel.manifest;
  EXPECT_EQ(names(), kernel.id + " ");
  EXPECT_EQ(kernel.folder, folder_ / kernel.id);
  EXPECT_EQ(read(kernel.folder / kKernelFile), "the kernel");
  EXPECT_EQ(manifest.kernel.sha256, to_hex(sha256("the kernel")));
  EXPECT_EQ(manifest.initrd.bytes, fs::file_size(kernel.folder / kInitrdFile));
  EXPECT_EQ(manifest.name, "stock");
  EXPECT_EQ(manifest.package, "linux-image-6.1.0-9-cloud-amd64");
  EXPECT_EQ(manifest.package_version, "6.1.9-1");
  EXPECT_TRUE(manifest.needs_acpi);
  EXPECT_FALSE(manifest.may_use_noapictimer);
  EXPECT_EQ(manifest.modules,
            (std::vector<std::string>{"virtio", "virtio_mmio", "virtio_console", "virtio_blk",
                                      "virtio_net", "virtio_rng", "erofs", "overlay"}));
  EXPECT_EQ(manifest.made, clock_.wall_now());
  EXPECT_EQ(fs::file_size(kernel.folder / "signature"), kEd25519SignatureSize);
  const auto listed = store->list().value();
  ASSERT_EQ(listed.kernels.size(), 1U);
  EXPECT_EQ(listed.kernels.front().id, kernel.id);
  EXPECT_TRUE(listed.broken.empty());
  EXPECT_EQ(listed.adding, "");
}

TEST_F(KernelStoreTest, TheSameContentIsTheSameKernel) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  const auto again = store->add_stock();
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_FALSE(again.value().is_new);
  EXPECT_EQ(again.value().kernel.id, id);
  EXPECT_EQ(names(), id + " ");
  write("kernels/" + id + "/initrd", "something else");
  const auto healed = store->add_stock();
  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_TRUE(healed.value().is_new) << "a broken one is made anew";
  EXPECT_TRUE(store->verify(id).value().problems.empty());
  EXPECT_EQ(names(), id + " ");
}

TEST_F(KernelStoreTest, FindsByIdNameAndTheBeginningOfAnId) {
  const auto store = open();
  EXPECT_EQ(failure(store->find("stock")), "not_found There is no kernel 'stock'");
  const std::string older = add(*store, clock_);
  newer_kernel();
  const std::string newer = add(*open(), clock_);
  EXPECT_NE(older, newer);
  EXPECT_EQ(store->find("stock").value().id, newer) << "the newest of the name";
  EXPECT_EQ(store->find(older).value().id, older);
  EXPECT_EQ(store->find(older.substr(0, 8)).value().id, older);
  EXPECT_EQ(failure(store->find(older.substr(0, 3))).substr(0, 9), "not_found");
  EXPECT_EQ(failure(store->find("")).substr(0, 9), "not_found");
  EXPECT_EQ(failure(store->find("../kernels")).substr(0, 9), "not_found");
  const auto listed = store->list().value().kernels;
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed.front().id, newer);
}

TEST_F(KernelStoreTest, VerifySaysWhichFileDiffers) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  EXPECT_TRUE(store->verify("stock").value().problems.empty());
  write("kernels/" + id + "/kernel", "THE KERNEL");
  const auto problems = store->verify(id).value().problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems.front(), "kernel has the SHA-256 " + to_hex(sha256("THE KERNEL")) +
                                  ", its manifest says " + to_hex(sha256("the kernel")));
}

TEST_F(KernelStoreTest, BrokenFoldersAreReportedAndTheRestIsServed) {
  const auto store = open();
  const std::string good = add(*store, clock_);
  newer_kernel();
  const std::string cut = add(*open(), clock_);
  write("kernels/" + cut + "/kernel", "the ker");
  fs::create_directories(folder_ / "empty");
  write("kernels/file", "");
  fs::copy(folder_ / good, folder_ / "renamed");
  write("kernels/newer/manifest.json", R"({"format":2})");
  write("kernels/large/manifest.json", std::string(100'000, ' '));
  write("kernels/text/manifest.json", "text");
  const auto list = store->list().value();
  ASSERT_EQ(list.kernels.size(), 1U);
  EXPECT_EQ(list.kernels.front().id, good);
  std::map<std::string, std::string> reasons;
  for (const BrokenKernel& broken : list.broken) reasons[broken.folder] = broken.reason;
  EXPECT_EQ(reasons.size(), 7U);
  EXPECT_EQ(reasons[cut], "kernel has 7 bytes, its manifest says 10");
  EXPECT_NE(reasons["empty"].find("manifest.json"), std::string::npos);
  EXPECT_EQ(reasons["file"], "it is not a folder");
  EXPECT_EQ(reasons["renamed"], "its manifest is that of kernel " + good);
  EXPECT_NE(reasons["newer"].find("has format 2"), std::string::npos);
  EXPECT_EQ(reasons["large"], "manifest.json is too large");
  EXPECT_EQ(reasons["text"], "manifest.json is no JSON object");
  EXPECT_EQ(failure(store->find(cut)),
            "corrupt Kernel " + cut + " is broken: kernel has 7 bytes, its manifest says 10");
  for (const auto& [name, reason] : reasons) {
    EXPECT_EQ(failure(store->remove(name)), "none") << name;
  }
  EXPECT_EQ(names(), good + " ");
}

TEST_F(KernelStoreTest, RemovesAKernel) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  EXPECT_EQ(failure(store->remove("none")), "not_found There is no kernel 'none'");
  EXPECT_EQ(failure(store->remove("stock")), "none");
  EXPECT_EQ(names(), "");
  EXPECT_EQ(failure(store->remove(id)), "not_found There is no kernel '" + id + "'");
}

TEST_F(KernelStoreTest, AKernelInUseIsNotRemoved) {
  const auto store = open();
  const std::string id = add(*store, clock_);
  auto first = std::move(store->use("stock")).value();
  EXPECT_EQ(first.kernel.id, id);
  auto second = std::move(store->use(id)).value();
  EXPECT_EQ(store->find(id).value().machines, 2U);
  EXPECT_EQ(failure(store->remove("stock")),
            "conflict Kernel " + id +
                " is in use by 2 machines: it can be removed when they have ended (proa top shows "
                "them)");
  first.use.reset();
  EXPECT_EQ(failure(store->remove("stock")).substr(0, 8), "conflict");
  second.use.reset();
  EXPECT_EQ(failure(store->remove("stock")), "none");
  EXPECT_EQ(failure(store->use("stock")), "not_found There is no kernel 'stock'");
}

TEST_F(KernelStoreTest, WhatBootingHasToldIsWrittenDown) {
  const auto store = open();
  const std::string id = build(*store, "net").value().kernel.id;
  const Measurement measured{"tcg", std::chrono::milliseconds(650), 30, 24};
  const auto noted = store->note("net", measured);
  ASSERT_TRUE(noted) << noted.error().message();
  EXPECT_EQ(noted.value().id, id) << "it is the same kernel";
  EXPECT_EQ(noted.value().manifest.measured, measured);
  const Kernel found = open()->find("net").value();
  EXPECT_EQ(found.manifest.measured, measured);
  EXPECT_EQ(read(found.folder / kConfigFile), "CONFIG_PVH=y\n");
  EXPECT_TRUE(store->verify("net").value().problems.empty());
  EXPECT_EQ(names(), id + " ");
  EXPECT_TRUE(store->note(add(*store, clock_), measured)) << "one without a configuration";
  EXPECT_EQ(failure(store->note("none", measured)), "not_found There is no kernel 'none'");
}

TEST_F(KernelStoreTest, ANewerKernelThatHasBootedReplacesAllButTheOneBeforeIt) {
  const Measurement measured{"tcg", std::chrono::milliseconds(650), 30, 24};
  std::vector<std::string> ids;
  for (const char* kernel : {"1", "2", "3", "4"}) {
    newer_kernel(kernel);
    ids.push_back(add(*open(), clock_));
  }
  const auto store = open();
  const std::string other = build(*store, "net").value().kernel.id;
  EXPECT_EQ(store->list().value().kernels.size(), 5U) << "nobody knows whether the newest boots";
  auto used = std::move(store->use(ids[1])).value();
  ASSERT_TRUE(store->note(ids[3], measured));
  EXPECT_FALSE(store->find(ids[0]));
  EXPECT_EQ(store->find(ids[1]).value().machines, 1U);
  EXPECT_TRUE(store->find(ids[2])) << "the way back";
  EXPECT_TRUE(store->find(other)) << "of another name";
  used.use.reset();
  EXPECT_FALSE(store->find(ids[1]));
  ASSERT_TRUE(store->remove(ids[3]));
  EXPECT_EQ(store->find("stock").value().id, ids[2]);
}

TEST_F(KernelStoreTest, WhatWasReplacedWhileItRanGoesAtTheNextStart) {
  const Measurement measured{"tcg", std::chrono::milliseconds(650), 30, 24};
  const std::string oldest = add(*open(), clock_);
  newer_kernel();
  add(*open(), clock_);
  newer_kernel("the newest");
  const auto killed = open();
  const std::string newest = add(*killed, clock_);
  auto used = std::move(killed->use(oldest)).value();
  ASSERT_TRUE(killed->note(newest, measured));
  EXPECT_TRUE(killed->find(oldest));
  EXPECT_FALSE(open()->find(oldest));
}

TEST_F(KernelStoreTest, WhatWasInterruptedIsRemovedAtTheNextStart) {
  const std::string id = add(*open(), clock_);
  write("kernels/.new-abcdef/half/root/boot/vmlinuz", "half");
  write("kernels/.new-file", "");
  const auto store = open();
  EXPECT_EQ(names(), id + " ");
  KernelStoreOptions options;
  options.folder = top_ / "none";
  EXPECT_EQ(failure(KernelStore::open(std::move(options), clock_)).substr(0, 9), "not_found");
}

TEST_F(KernelStoreTest, AFailureLeavesNothingBehind) {
  const auto store = open();
  program("dpkg-deb", "mkdir root; exit 1\n");
  EXPECT_EQ(failure(store->add_stock()),
            "unavailable The stock kernel cannot be added: dpkg-deb failed (status 1)");
  EXPECT_EQ(names(), "");
}

TEST_F(KernelStoreTest, AMissingModuleIsNamed) {
  dependencies("kernel/fs/erofs.ko:\n");
  EXPECT_EQ(failure(open()->add_stock()),
            "corrupt The stock kernel cannot be added: the kernel's package has no module "
            "virtio_mmio and it is not built in");
  EXPECT_EQ(names(), "");
}

TEST_F(KernelStoreTest, AModuleThatIsOnlyListedIsNamed) {
  fs::remove(top_ / modules() / "kernel/fs/erofs.ko");
  const std::string error = failure(open()->add_stock());
  EXPECT_NE(error.find("kernel/fs/erofs.ko"), std::string::npos) << error;
  EXPECT_EQ(names(), "");
}

TEST_F(KernelStoreTest, OneIsAddedAtATime) {
  const auto store = open();
  const std::string script = read(top_ / "bin/dpkg-deb");
  program("dpkg-deb", "touch " + (top_ / "there").string() + "\nwhile [ ! -e " +
                          (top_ / "go").string() + " ]; do sleep 0.01; done\n" +
                          script.substr(script.find('\n') + 1));
  Result<AddedKernel> first = Error(Errc::internal, "not run");
  std::thread adder([&] { first = store->add_stock(); });
  while (!fs::exists(top_ / "there")) std::this_thread::yield();
  EXPECT_EQ(failure(store->add_stock()),
            "conflict A kernel is being added already: unpacking linux-image-6.1.0-9-cloud-amd64");
  EXPECT_EQ(store->list().value().adding, "unpacking linux-image-6.1.0-9-cloud-amd64");
  write("go", "");
  adder.join();
  EXPECT_EQ(failure(first), "none");
  EXPECT_FALSE(add(*store, clock_).empty()) << "the turn came back";
}

TEST_F(KernelStoreTest, StopEndsWhatIsAdded) {
  const auto store = open();
  program("apt-get", "touch " + (top_ / "there").string() + "\nsleep 1000\n");
  Result<AddedKernel> added = Error(Errc::internal, "not run");
  std::thread adder([&] { added = store->add_stock(); });
  while (!fs::exists(top_ / "there")) std::this_thread::yield();
  store->stop();
  adder.join();
  EXPECT_EQ(failure(added),
            "cancelled The stock kernel cannot be added: apt-get: the daemon stops");
  EXPECT_EQ(names(), "");
}

TEST_F(KernelStoreTest, AVariantIsBuiltOutOfTheSource) {
  const auto store = open();
  auto begun = std::move(store->begin_build("net")).value();
  EXPECT_TRUE(begun->needs_program());
  EXPECT_EQ(begun->program(), (std::vector<std::string>{"/var/runtime/kernel/build.sh", "net"}));
  EXPECT_EQ(os::read_all(begun->source()).value(), "the source");
  EXPECT_EQ(store->list().value().adding, "building net");
  EXPECT_EQ(failure(store->begin_build("small")),
            "conflict A kernel is being added already: building net");
  write_to(begun->product(), product_of(right_entries()));
  const auto built = begun->finish();
  begun.reset();
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_TRUE(built.value().is_new);
  const Kernel& kernel = built.value().kernel;
  EXPECT_EQ(names(), kernel.id + " ");
  EXPECT_EQ(store->list().value().adding, "");
  EXPECT_EQ(read(kernel.folder / kKernelFile), kElf + " built");
  EXPECT_EQ(read(kernel.folder / kConfigFile), "CONFIG_PVH=y\n");
  EXPECT_FALSE(fs::exists(kernel.folder / "work"));
  const Manifest manifest = store->find("net").value().manifest;
  EXPECT_EQ(manifest.package, "linux-source-6.1");
  EXPECT_FALSE(manifest.needs_acpi);
  EXPECT_TRUE(manifest.may_use_noapictimer);
  EXPECT_TRUE(manifest.modules.empty());
  ASSERT_TRUE(manifest.build);
  EXPECT_EQ(manifest.build->release, "6.1.9-proa-net");
  EXPECT_EQ(manifest.build->compiler, "gcc (Fake) 12.2.0");
  EXPECT_EQ(manifest.build->options, (std::vector<std::string>{"CONFIG_PVH=y", "CONFIG_NET=y"}));
  ASSERT_EQ(manifest.build->lacks.size(), 1U);
  EXPECT_EQ(manifest.build->lacks[0].option, "CONFIG_AIO");
  EXPECT_TRUE(store->verify("net").value().problems.empty());
}

TEST_F(KernelStoreTest, TheSameIsNotBuiltAgain) {
  const auto store = open();
  const std::string first = build(*store, "net").value().kernel.id;
  program("apt-get", "exit 100\n");
  const auto again = build(*store, "net");
  ASSERT_TRUE(again) << "the source is not fetched: " << again.error().message();
  EXPECT_FALSE(again.value().is_new);
  EXPECT_EQ(again.value().kernel.id, first);

  const std::string bytes = again.value().kernel.manifest.kernel.sha256;
  write("proa-init", kElf + " a newer init");
  const auto newer = open();
  EXPECT_FALSE(newer->begin_build("net").value()->needs_program());
  const auto other = build(*newer, "net");
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_FALSE(other.value().is_new) << "the start has given it the newer initrd";
  EXPECT_NE(other.value().kernel.id, first);
  EXPECT_EQ(other.value().kernel.manifest.kernel.sha256, bytes);

  EXPECT_EQ(failure(build(*store, "small")).substr(0, 11), "unavailable") << "another variant";
  program("gcc", "echo gcc 13\n");
  EXPECT_EQ(failure(build(*store, "net")).substr(0, 11), "unavailable") << "another compiler";
}

TEST_F(KernelStoreTest, WhatIsChangedIsBuiltAgain) {
  const auto store = open();
  const std::string id = build(*store, "net").value().kernel.id;
  write("kernels/" + id + "/kernel", kElf + " BUILT");
  EXPECT_TRUE(store->begin_build("net").value()->needs_program());
  const auto healed = build(*store, "net");
  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_EQ(healed.value().kernel.id, id);
  EXPECT_TRUE(store->verify(id).value().problems.empty());
}

TEST_F(KernelStoreTest, ABuildThatFailsLeavesNothingBehind) {
  const auto store = open();
  EXPECT_EQ(failure(store->begin_build("x")),
            "not_found There is no kernel variant 'x'; these can be built: small, net");
  auto begun = std::move(store->begin_build("net")).value();
  write_to(begun->product(), "no archive");
  EXPECT_EQ(failure(begun->finish()).substr(0, 7), "corrupt");
  begun.reset();
  EXPECT_EQ(names(), "");
  EXPECT_EQ(store->list().value().adding, "");
  begun = std::move(store->begin_build("net")).value();
  begun.reset();
  EXPECT_EQ(names(), "") << "given up";
  program("apt-cache", "exit 100\n");
  EXPECT_EQ(failure(store->begin_build("net")).substr(0, 75),
            "unavailable The kernel net cannot be built: apt knows no package linux-sour");
  EXPECT_EQ(names(), "");
}

TEST_F(KernelStoreTest, ABuildCanBeStopped) {
  const auto store = open();
  const auto begun = std::move(store->begin_build("net")).value();
  pollfd wait{begun->stopped(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 0), 0);
  EXPECT_FALSE(store->is_stopped());
  store->stop();
  EXPECT_TRUE(store->is_stopped());
  EXPECT_EQ(::poll(&wait, 1, 0), 1);
}

TEST_F(KernelStoreTest, AFullDiskIsSaidSoAndLeavesNothingBehind) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  std::string noise;  // does not compress, so that the initrd is what has no room
  for (std::uint32_t i = 0, x = 1; i < 50'000; ++i) {
    x = x * 1664525U + 1013904223U;
    noise.push_back(static_cast<char>(x >> 24U));
  }
  const auto store = open();
  write(std::string("package/boot/vmlinuz-") + kRelease, noise + noise);
  const std::string unpacking = failure(store->add_stock());
  const std::string left = names();
  write(std::string("package/boot/vmlinuz-") + kRelease, "the kernel");
  write("proa-init", kElf + noise);
  const std::string packing = failure(open()->add_stock());
  const std::string left_later = names();
  ::umount(folder_.c_str());
  EXPECT_EQ(unpacking.substr(0, 9), "exhausted") << unpacking;
  EXPECT_NE(unpacking.find("No space left on device"), std::string::npos) << unpacking;
  EXPECT_EQ(left, "");
  EXPECT_EQ(packing.substr(0, 9), "exhausted") << packing;
  EXPECT_EQ(left_later, "");
}

}  // namespace
}  // namespace proa::kernels
