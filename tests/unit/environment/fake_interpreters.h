// Folders that look like installed interpreters, below a temporary one.
#pragma once

#include "environment/interpreters.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace proa::environment {

class FakeInterpreters : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/proa-environment-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    places_.usr = folder_ / "usr";
    places_.homes = {folder_ / "home"};
    std::filesystem::create_directories(places_.usr / "bin");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static void write(const std::filesystem::path& file, const std::string& text, bool executable) {
    using std::filesystem::perms;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    const auto mode = perms::owner_all | perms::group_read | perms::others_read;
    std::filesystem::permissions(file,
                                 executable ? mode | perms::group_exec | perms::others_exec : mode);
  }
  /// "3.12.1": bin/python3.12, its library and its header.
  static void add_python(const std::filesystem::path& prefix, const std::string& version,
                         bool with_header = true) {
    const std::string name = "python" + version.substr(0, version.rfind('.'));
    write(prefix / "bin" / name, "\177ELF", true);
    write(prefix / "lib" / name / "os.py", "", false);
    if (!with_header) return;
    write(prefix / "include" / name / "patchlevel.h",
          "/* Version as a string */\n#define PY_VERSION      \t\"" + version + "\"\n", false);
  }
  static void add_node(const std::filesystem::path& prefix, const std::string& version = "") {
    write(prefix / "bin/node", "\177ELF", true);
    if (version.empty()) return;
    const auto first = version.find('.');
    const auto second = version.find('.', first + 1);
    write(prefix / "include/node/node_version.h",
          "#define NODE_MAJOR_VERSION " + version.substr(0, first) +
              "\n#define NODE_MINOR_VERSION " + version.substr(first + 1, second - first - 1) +
              "\n#define NODE_PATCH_VERSION " + version.substr(second + 1) + "\n",
          false);
  }

  FoundInterpreters find() {
    auto found = find_interpreters(places_);
    EXPECT_TRUE(found) << found.error().message();
    return found ? std::move(found.value()) : FoundInterpreters();
  }
  /// The error for `--runtime RUNTIME=PATH`; empty when there is none.
  std::string refusal(const std::string& runtime, const std::filesystem::path& path) {
    places_.given = {{runtime, path}};
    auto found = find_interpreters(places_);
    return found ? std::string() : found.error().message();
  }

  std::filesystem::path folder_;
  SearchPlaces places_;
};

}  // namespace proa::environment
