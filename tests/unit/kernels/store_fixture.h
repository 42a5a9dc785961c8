// A store on a host with an apt of our own, and what tests of it ask.
#pragma once

#include "os/file.h"
#include "support/manual_clock.h"
#include "unit/kernels/product.h"

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace proa::kernels {

namespace fs = std::filesystem;

class KernelStoreTest : public FakeHostTest {
 protected:
  std::unique_ptr<KernelStore> open() {
    KernelStoreOptions options;
    options.folder = folder_;
    options.init_program = os::open_file(top_ / "proa-init", O_RDONLY).value();
    options.architecture = "x86_64";
    options.recipes = top_ / "recipes";
    options.signing_file = top_ / "kernels.key";
    options.signing = read_signing_key(options.signing_file).value();
    options.search_path = search_path();
    return KernelStore::open(std::move(options), clock_).value();
  }
  /// Whatever is in the store's folder, by name.
  std::string names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names) text += name + " ";
    return text;
  }
  template <class T>
  static std::string failure(const Result<T>& result) {
    if (result) return "none";
    return std::string(to_string(result.error().code())) + " " + result.error().message();
  }
  /// What apt brings from now on.
  void newer_kernel(const std::string& bytes = "new kernel") const {
    write(std::string("package/boot/vmlinuz-") + kRelease, bytes);
  }
  /// One more kernel, a second later.
  static std::string add(KernelStore& store, ManualClock& clock) {
    clock.advance(std::chrono::seconds(1));
    const auto added = store.add_stock();
    EXPECT_TRUE(added) << added.error().message();
    return added ? added.value().kernel.id : "";
  }

  /// One more build, whose program does its work.
  static Result<AddedKernel> build(KernelStore& store, const std::string& variant) {
    auto begun = store.begin_build(variant);
    if (!begun) return begun.error();
    KernelBuild& made = *begun.value();
    if (made.needs_program()) write_to(made.product(), product_of(right_entries()));
    return made.finish();
  }

  fs::path folder_ = top_ / "kernels";
  ManualClock clock_;
};

}  // namespace proa::kernels
