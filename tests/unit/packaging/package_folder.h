// A folder to be packed, made by a test.
#pragma once

#include "packaging/packaging.h"
#include "unit/catalog/temp_folder.h"

#include <algorithm>
#include <string>
#include <vector>

namespace proa::packaging {

class PackageFolderTest : public catalog::TempFolderTest {
 protected:
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  }
  void link(const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, folder_ / name);
  }
  Contents read_all() {
    auto contents = read_contents(folder_, limits_);
    EXPECT_TRUE(contents) << contents.error().message();
    return contents ? std::move(contents).value() : Contents();
  }
  std::vector<std::string> paths() {
    std::vector<std::string> names;
    for (const Entry& entry : read_all().entries) names.push_back(entry.path);
    return names;
  }
  /// Why the folder cannot be packed; its own name as FOLDER.
  std::string refusal() {
    const auto contents = read_contents(folder_, limits_);
    if (contents) return "";
    std::string text = contents.error().message();
    for (std::size_t at = 0; (at = text.find(folder_.string())) != std::string::npos;) {
      text.replace(at, folder_.string().size(), "FOLDER");
    }
    return text;
  }

  Limits limits_;
};

}  // namespace proa::packaging
