#include "kernels/built_kernel.h"

#include "unit/kernels/product.h"

#include <sys/stat.h>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

class BuiltKernelTest : public FakeHostTest {
 protected:
  Result<BuildFacts> unpack(const std::string& product) const {
    const os::UniqueFd file(::memfd_create("product", MFD_CLOEXEC));
    write_to(file.get(), product);
    fs::remove_all(top_ / "out");
    fs::create_directories(top_ / "out");
    return unpack_product(file.get(), top_ / "out");
  }
  std::string failure(const Entries& entries) const {
    const auto facts = unpack(product_of(entries));
    if (facts) return "none";
    return std::string(to_string(facts.error().code())) + " " + facts.error().message();
  }
  std::string key(const std::string& compiler = "gcc 12") const {
    const auto variant = read_variant(top_ / "recipes", "net").value();
    return build_key(source_, variant, compiler, top_ / "recipes").value();
  }

  PackageRecord source_{"linux-source-6.1", "6.1.9-1", std::string(64, 'a'), {}};
};

TEST_F(BuiltKernelTest, ItsFilesAreUnpackedAndItsFactsTold) {
  const auto facts = unpack(product_of(right_entries()));
  ASSERT_TRUE(facts) << facts.error().message();
  EXPECT_EQ(facts.value().release, "6.1.9-proa-net");
  EXPECT_EQ(facts.value().compiler, "gcc (Fake) 12.2.0");
  EXPECT_EQ(read(top_ / "out" / "kernel"), kElf + " built");
  EXPECT_EQ(read(top_ / "out" / "config"), "CONFIG_PVH=y\n");
  struct stat status {};
  ASSERT_EQ(::stat((top_ / "out" / "kernel").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST_F(BuiltKernelTest, WhatIsNoProductIsRefused) {
  EXPECT_EQ(unpack("").error().code(), Errc::corrupt);
  EXPECT_EQ(unpack(std::string(5000, 'x')).error().code(), Errc::corrupt);
  const std::string whole = product_of(right_entries());
  EXPECT_EQ(unpack(whole.substr(0, 600)).error().code(), Errc::corrupt);
  auto entries = right_entries();
  entries[0].second = "#!/bin/sh";
  EXPECT_EQ(failure(entries), "corrupt the built kernel is no ELF file");
  entries = right_entries();
  entries.erase(entries.begin());
  EXPECT_EQ(failure(entries), "corrupt the built kernel lacks a file");
  entries = right_entries();
  entries[2].second = "release=6.1\n";
  EXPECT_EQ(failure(entries), "corrupt the built kernel does not tell its release");
  entries[2].second = "release=\x1b[31m\ncompiler=gcc\n";
  EXPECT_EQ(failure(entries), "corrupt the built kernel does not tell its release");
  entries = right_entries();
  entries[1].first = "../config";
  EXPECT_EQ(failure(entries), "corrupt the built kernel lacks a file");
  EXPECT_FALSE(fs::exists(top_ / "config"));
  entries = right_entries();
  entries.push_back(entries.front());
  EXPECT_EQ(failure(entries), "none") << "the first one counts";
}

TEST_F(BuiltKernelTest, TheKeyIsWhatTheKernelIsMadeOf) {
  const std::string first = key();
  EXPECT_EQ(first.size(), 64U);
  EXPECT_EQ(key(), first);
  EXPECT_NE(key("gcc 13"), first);
  source_.sha256 = std::string(64, 'b');
  EXPECT_NE(key(), first);
  source_.sha256 = std::string(64, 'a');
  write("recipes/net.config", "CONFIG_NET=y\nCONFIG_INET=y\n");
  EXPECT_NE(key(), first);
  write("recipes/net.config", "# why\nCONFIG_NET=y\n");
  EXPECT_EQ(key(), first) << "a comment changes nothing";
  write("recipes/build.sh", "another program");
  EXPECT_NE(key(), first);
}

TEST_F(BuiltKernelTest, TheCompilerIsTheFirstLineOfItsWords) {
  const auto commands = Commands::make(search_path()).value();
  EXPECT_EQ(ask_compiler(commands, top_).value(), "gcc (Fake) 12.2.0");
  const auto none = Commands::make((top_ / "work").string()).value();
  const auto failed = ask_compiler(none, top_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unsupported);
  EXPECT_NE(failed.error().message().find("libelf-dev"), std::string::npos);
}

}  // namespace
}  // namespace proa::kernels
