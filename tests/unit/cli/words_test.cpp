#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <thread>

namespace proa::cli {
namespace {

std::string parse(std::vector<std::string> words) {
  CLI::App app("", "proa");
  std::string name;
  bool is_json = false;
  add_function(app, name);
  add_json(app, is_json);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return std::string("refused: ") + error.what();
  }
  return name + (is_json ? " json" : "");
}

TEST(Words, AFunctionHasAName) {
  EXPECT_EQ(parse({"f:1", "--json"}), "f:1 json");
  EXPECT_EQ(parse({""}), "refused: name: the name of a function is empty");
  EXPECT_EQ(parse({}), "refused: name is required");
}

TEST(Words, FilesAreReadWhole) {
  const std::string path = ::testing::TempDir() + "proa_words_test";
  const std::string bytes("a\0b\xff\n", 5);
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(read_file(path).value(), bytes);
  std::remove(path.c_str());
  EXPECT_EQ(read_file(path).error().code(), Errc::invalid);
  EXPECT_EQ(read_file(path).error().message(),
            "cannot read " + path + ": No such file or directory");
  EXPECT_EQ(read_file("/").error().message(), "cannot read /: Is a directory");
}

TEST(Words, APipeIsAFileToo) {
  const std::string path = ::testing::TempDir() + "proa_words_test_pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "{}"; });
  EXPECT_EQ(read_file(path).value(), "{}");
  writer.join();
  std::remove(path.c_str());
}

}  // namespace
}  // namespace proa::cli
