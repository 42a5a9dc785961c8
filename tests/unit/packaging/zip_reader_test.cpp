#include "packaging/zip_file.h"
#include "unit/catalog/zip_builder.h"
#include "unit/packaging/package_folder.h"

namespace proa::packaging {
namespace {

class ZipReaderTest : public PackageFolderTest {
 protected:
  Result<Contents> read_back(const std::string& zip) {
    write("code.zip", zip);
    return read_contents(folder_ / "code.zip", limits_);
  }
};

TEST_F(ZipReaderTest, ShowsWhatIsInAZip) {
  const auto contents = read_back(
      catalog::make_zip({catalog::file("lib/b.txt", "xy"), catalog::file("app.py", "code")}));
  ASSERT_TRUE(contents) << contents.error().message();
  ASSERT_EQ(contents.value().entries.size(), 2U);
  EXPECT_EQ(contents.value().entries[0].path, "app.py");
  EXPECT_EQ(contents.value().sources.at("app.py"), "code");
  EXPECT_EQ(contents.value().bytes, 6U);
}

TEST_F(ZipReaderTest, RefusesWhatIsNoZip) {
  const auto refused = read_back("no zip at all");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Errc::invalid);
  EXPECT_NE(refused.error().message().find("code.zip is not a zip that can be read"),
            std::string::npos);
  EXPECT_FALSE(read_back(""));
}

TEST_F(ZipReaderTest, KnowsTheLimits) {
  const auto zip = catalog::make_zip({catalog::file("a", "12345"), catalog::file("b", "12345")});
  limits_.unpacked_bytes_max = 9;
  EXPECT_EQ(read_back(zip).error().code(), Errc::too_large);
  limits_ = Limits();
  limits_.entries_max = 1;
  EXPECT_EQ(read_back(zip).error().code(), Errc::too_large);
  limits_ = Limits();
  limits_.zip_bytes_max = 10;
  EXPECT_EQ(read_back(zip).error().code(), Errc::too_large);
}

}  // namespace
}  // namespace proa::packaging
