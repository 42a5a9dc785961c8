#include "catalog/native_modules.h"

#include "unit/catalog/elf_builder.h"
#include "unit/catalog/temp_folder.h"

#include <sys/stat.h>

namespace proa::catalog {
namespace {

TEST(CpythonTag, IsTheNumberInTheFileName) {
  EXPECT_EQ(cpython_tag("_x.cpython-310-x86_64-linux-gnu.so"), "310");
  EXPECT_EQ(cpython_tag("_x.cpython-313t-x86_64-linux-gnu.so"), "313t");
  EXPECT_EQ(cpython_tag("_x.cpython-39.so"), "39");
  EXPECT_FALSE(cpython_tag("_x.abi3.so"));
  EXPECT_FALSE(cpython_tag("_x.so"));
  EXPECT_FALSE(cpython_tag("_x.cpython-310.pyc"));
}

class NativeModulesTest : public TempFolderTest {
 protected:
  void add(const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path, std::ios::binary) << bytes;
  }

  std::string refusal() {
    const auto checked = check_native_modules(folder_, target_);
    if (!checked) {
      EXPECT_EQ(checked.error().code(), Errc::invalid);
    }
    return checked ? "" : checked.error().message();
  }

  NativeTarget target_{"x86_64", "python3.11", "3.11.2"};
};

TEST_F(NativeModulesTest, AcceptsWhatFits) {
  add("pkg/_x.cpython-311-x86_64-linux-gnu.so", elf(EM_X86_64));
  add("pkg/_y.abi3.so", elf(EM_X86_64));
  add("pkg.libs/libz-1234.so.1.2", elf(EM_X86_64));
  add("script.so", "not elf");
  add("bootstrap", "#!/bin/sh\n");
  EXPECT_EQ(refusal(), "");
}

TEST_F(NativeModulesTest, RefusesAnotherMachineByFileAndName) {
  add("pkg/_x.cpython-311-aarch64-linux-gnu.so", elf(EM_AARCH64));
  EXPECT_EQ(refusal(),
            "File 'pkg/_x.cpython-311-aarch64-linux-gnu.so' is built for aarch64, but the "
            "function's architecture is x86_64.");
  target_.architecture = "arm64";
  EXPECT_EQ(refusal(), "");
}

TEST_F(NativeModulesTest, LooksAtSharedObjectsNodeAddonsAndBootstrap) {
  for (const char* name : {"a.so", "lib/libb.so.1", "addon.node", "bootstrap"}) {
    add(name, elf(EM_386, ELFCLASS32));
    EXPECT_NE(refusal().find(name), std::string::npos);
    std::filesystem::remove(folder_ / name);
  }
  add("tool", elf(EM_386, ELFCLASS32));
  EXPECT_EQ(refusal(), "");
}

TEST_F(NativeModulesTest, RefusesThe32BitFormOfTheSameMachine) {
  add("a.so", elf(EM_X86_64, ELFCLASS32));
  EXPECT_NE(refusal().find("x32"), std::string::npos);
}

TEST_F(NativeModulesTest, LetsPackagesShipOtherPlatformsInFoldersNamedAfterThem) {
  add("node_modules/bcrypt/prebuilds/linux-arm64/bcrypt.node", elf(EM_AARCH64));
  add("node_modules/bcrypt/prebuilds/linux-arm/bcrypt.node", elf(EM_ARM, ELFCLASS32));
  add("node_modules/bcrypt/prebuilds/linux-x64/bcrypt.node", elf(EM_X86_64));
  EXPECT_EQ(refusal(), "");
}

TEST_F(NativeModulesTest, RefusesModulesOfAnotherPython) {
  add("numpy/_core.cpython-310-x86_64-linux-gnu.so", elf(EM_X86_64));
  EXPECT_NE(
      refusal().find("is built for CPython 3.10, but runtime python3.11 runs here on CPython 3.11"),
      std::string::npos);
  target_.interpreter_version.reset();
  EXPECT_EQ(refusal(), "") << "not known: not checked";
  target_ = NativeTarget{"x86_64", "nodejs20.x", "20.1"};
  EXPECT_EQ(refusal(), "") << "no Python function";
}

TEST_F(NativeModulesTest, LetsModulesPassThatHaveAFittingSibling) {
  add("p/_x.cpython-310-x86_64-linux-gnu.so", elf(EM_X86_64));
  add("p/_x.cpython-311-x86_64-linux-gnu.so", elf(EM_X86_64));
  add("p/_y.cpython-39-x86_64-linux-gnu.so", elf(EM_X86_64));
  add("p/_y.abi3.so", elf(EM_X86_64));
  add("python/lib/python3.9/site-packages/_z.cpython-39-x86_64-linux-gnu.so", elf(EM_X86_64));
  EXPECT_EQ(refusal(), "");
}

TEST_F(NativeModulesTest, RefusesAddonsOfAnotherNode) {
  target_ = NativeTarget{"x86_64", "nodejs22.x", "20.9.0"};
  const std::string path = "node_modules/better-sqlite3/build/Release/better_sqlite3.node";
  add(path, elf(EM_X86_64) + "node_register_module_v108");
  EXPECT_EQ(refusal(), "File '" + path +
                           "' is built for Node 18, but runtime nodejs22.x runs here on Node "
                           "20.9.0. Build the package for that version.");
  add(path, elf(EM_X86_64) + "node_register_module_v115");
  EXPECT_EQ(refusal(), "");
  add(path, elf(EM_X86_64) + "napi_register_module_v1");
  EXPECT_EQ(refusal(), "") << "fits every Node";
  add("node_modules/x/prebuilds/linux-x64/node.abi108.node",
      elf(EM_X86_64) + "node_register_module_v108");
  EXPECT_EQ(refusal(), "") << "one of several to pick from";
  target_.interpreter_version.reset();
  add(path, elf(EM_X86_64) + "node_register_module_v108");
  EXPECT_EQ(refusal(), "") << "not known: not checked";
}

TEST_F(NativeModulesTest, DoesNotFollowLinks) {
  ASSERT_EQ(::symlink("/proc/self/exe", (folder_ / "a.so").c_str()), 0);
  target_.architecture = "arm64";
  EXPECT_EQ(refusal(), "");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.so").c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "");
}

}  // namespace
}  // namespace proa::catalog
