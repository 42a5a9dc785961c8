#include "catalog/image_records.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace proa::catalog {
namespace {

ContainerImage image_example() {
  ContainerImage image;
  image.account_id = "123456789012";
  image.digest = "sha256:" + std::string(64, 'd');
  image.names = {"app:1", "app:latest"};
  image.tree_id = std::string(64, 'a');
  image.architecture = "x86_64";
  image.defaults = {{"run"}, {"a", "b"}, {"A=1"}, "/app"};
  image.layers = 3;
  image.archive_bytes = 4;
  image.unpacked_bytes = 5;
  image.skipped = 6;
  image.loaded = WallTime(std::chrono::milliseconds(7));
  return image;
}

const std::string kImageKey = "123456789012/" + std::string(64, 'd');

TEST(ImageRecords, ComeBackAsTheyWereWritten) {
  EXPECT_EQ(record_key(image_example()), kImageKey);
  const auto back = decode_image(kImageKey, encode(image_example()));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(encode(back.value()), encode(image_example()));
  EXPECT_EQ(back.value().digest, image_example().digest);
  EXPECT_EQ(back.value().names, image_example().names);
  EXPECT_EQ(back.value().loaded, image_example().loaded);
}

TEST(ImageRecords, RefuseWhatIsMissingUnknownOrImpossible) {
  const auto value = boost::json::parse(encode(image_example())).as_object();
  for (const auto& field : value) {
    auto without = value;
    without.erase(field.key());
    EXPECT_EQ(decode_image(kImageKey, boost::json::serialize(without)).error().code(),
              Errc::corrupt)
        << field.key();
  }
  auto more = value;
  more["more"] = 1;
  EXPECT_FALSE(decode_image(kImageKey, boost::json::serialize(more)));
  auto newer = value;
  newer["format"] = 2;
  EXPECT_EQ(decode_image(kImageKey, boost::json::serialize(newer)).error().code(),
            Errc::unsupported);
  auto other = value;
  other["tree_id"] = "../etc";
  EXPECT_FALSE(decode_image(kImageKey, boost::json::serialize(other)));
  EXPECT_FALSE(decode_image(kImageKey, "[]"));
  EXPECT_FALSE(decode_image("1/2", encode(image_example())));
}

}  // namespace
}  // namespace proa::catalog
