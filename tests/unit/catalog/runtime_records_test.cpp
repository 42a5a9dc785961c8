#include "catalog/runtime_records.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

RuntimeImage runtime_example() {
  RuntimeImage image;
  image.account_id = "123456789012";
  image.name = "py-sci";
  image.sha256 = std::string(64, 'd');
  image.tree_id = std::string(64, 'a');
  image.contents.interpreters = {{"python3.11", "3.11.2", "/usr/bin/python3.11"}};
  image.contents.packages = {{"python3-minimal", "3.11.2-1+b1"}};
  image.asked_for = {"python3"};
  image.archive_bytes = 4;
  image.unpacked_bytes = 5;
  image.skipped = 6;
  image.added = WallTime(std::chrono::milliseconds(7));
  return image;
}

const std::string kRuntimeKey = "123456789012/py-sci";

TEST(RuntimeRecords, ComeBackAsTheyWereWritten) {
  const auto back = decode_runtime_image(kRuntimeKey, encode(runtime_example()));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(encode(back.value()), encode(runtime_example()));
  EXPECT_EQ(back.value().name, "py-sci");
  EXPECT_EQ(back.value().contents.interpreters, runtime_example().contents.interpreters);
  EXPECT_EQ(back.value().contents.packages, runtime_example().contents.packages);
  EXPECT_EQ(back.value().added, runtime_example().added);
}

TEST(RuntimeRecords, RefuseWhatIsMissingUnknownOrImpossible) {
  const auto value = boost::json::parse(encode(runtime_example())).as_object();
  for (const auto& field : value) {
    auto without = value;
    without.erase(field.key());
    EXPECT_FALSE(decode_runtime_image(kRuntimeKey, boost::json::serialize(without))) << field.key();
  }
  auto more = value;
  more["more"] = 1;
  EXPECT_FALSE(decode_runtime_image(kRuntimeKey, boost::json::serialize(more)));
  auto newer = value;
  newer["format"] = 99;
  EXPECT_EQ(decode_runtime_image(kRuntimeKey, boost::json::serialize(newer)).error().code(),
            Errc::unsupported);
  auto relative = value;
  relative["interpreters"].as_array()[0].as_object()["program"] = "python3.11";
  EXPECT_FALSE(decode_runtime_image(kRuntimeKey, boost::json::serialize(relative)));
  const std::string good = encode(runtime_example());
  for (const char* key :
       {"", "123456789012", "123456789012/", "12/py-sci", "123456789012/Py", "123456789012/a/b"}) {
    EXPECT_EQ(decode_runtime_image(key, good).error().code(), Errc::corrupt) << key;
  }
}

}  // namespace
}  // namespace proa::catalog
