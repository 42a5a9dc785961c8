#include "images/images.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace proa::images {
namespace {

namespace fs = std::filesystem;

class ImageStoreTest : public testing::Test {
 protected:
  ImageStoreTest() {
    std::string name = fs::temp_directory_path() / "proa-images-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    open(Bytes(1'000'000));
  }
  ~ImageStoreTest() override { fs::remove_all(folder_); }

  void open(Bytes most) {
    auto opened = ImageStore::open({folder_, most});
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(opened.value());
  }
  void keep(const std::string& id, std::size_t size) {
    auto image = store_->begin();
    ASSERT_TRUE(image) << image.error().message();
    ASSERT_EQ(::ftruncate(image.value().file(), static_cast<off_t>(size)), 0);
    const auto kept = store_->keep(std::move(image.value()), id);
    ASSERT_TRUE(kept) << kept.error().message();
  }
  /// As if it had been used that many seconds ago.
  void age(const std::string& id, int seconds) const {
    const auto time = fs::file_time_type::clock::now() - std::chrono::seconds(seconds);
    fs::last_write_time(file_of(id), time);
  }
  fs::path file_of(const std::string& id) const { return folder_ / (id + ".erofs"); }

  fs::path folder_;
  std::unique_ptr<ImageStore> store_;
};

TEST_F(ImageStoreTest, AnImageIsThereOnceItIsKeptAndReadableForMachines) {
  EXPECT_FALSE(store_->use("a"));
  keep("a", 10);
  EXPECT_TRUE(store_->use("a"));
  struct stat status {};
  ASSERT_EQ(::stat(file_of("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  EXPECT_EQ(store_->totals().images, 1U);
  EXPECT_EQ(store_->totals().bytes, Bytes(10));
}

TEST_F(ImageStoreTest, AnImageIsReadByItsNameAndAMissingOneIsNamed) {
  keep("a", 10);
  const auto file = store_->read("a");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(::lseek(file.value().get(), 0, SEEK_END), 10);
  const auto missing = store_->read("b");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Errc::not_found);
  EXPECT_TRUE(missing.error().message().starts_with("image b"));
}

TEST_F(ImageStoreTest, OneThatIsNotKeptLeavesNothing) {
  {
    auto image = store_->begin();
    ASSERT_TRUE(image);
    EXPECT_FALSE(fs::is_empty(folder_));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(ImageStoreTest, WhatAKilledProcessLeftGoesAtTheNextStart) {
  keep("a", 10);
  std::ofstream(folder_ / ".new-left") << "half an image";
  open(Bytes(1'000));
  EXPECT_FALSE(fs::exists(folder_ / ".new-left"));
  EXPECT_TRUE(store_->use("a"));
}

TEST_F(ImageStoreTest, OneThatHasChangedSinceItWasMadeIsRemovedWhenItIsUsed) {
  keep("a", 10);
  keep("b", 10);
  open(Bytes(1'000));  // as a new process
  std::ofstream(file_of("a")) << "other bytes";
  EXPECT_FALSE(store_->use("a"));
  EXPECT_FALSE(fs::exists(file_of("a")));
  EXPECT_TRUE(store_->use("b"));
  fs::remove(folder_ / "b.sum");
  EXPECT_TRUE(store_->use("b")) << "it was read whole already";
  open(Bytes(1'000));
  EXPECT_FALSE(store_->use("b")) << "nobody knows what it should be";
}

TEST_F(ImageStoreTest, WhatWasNotUsedForLongestMakesRoom) {
  open(Bytes(250));
  keep("a", 100);
  keep("b", 100);
  age("a", 200);
  age("b", 100);
  ASSERT_TRUE(store_->use("a"));
  keep("c", 100);
  EXPECT_TRUE(store_->use("a"));
  EXPECT_FALSE(store_->use("b"));
  EXPECT_TRUE(store_->use("c"));
}

TEST_F(ImageStoreTest, TheImagesOfOneStartAreThereTogetherHoweverLarge) {
  open(Bytes(250));
  {
    ImageHold hold(*store_);
    for (const char* id : {"root", "code", "layers"}) {
      hold.add(id);
      keep(id, 200);
    }
    for (const char* id : {"root", "code", "layers"}) EXPECT_TRUE(store_->read(id)) << id;
    const ImageHold another(*store_);
  }
  keep("next", 200);
  EXPECT_EQ(store_->totals().images, 1U) << "the start is over";
  EXPECT_TRUE(store_->use("next"));
}

TEST_F(ImageStoreTest, OneThatTwoStartsHoldStaysUntilBothAreOver) {
  open(Bytes(250));
  auto first = std::make_unique<ImageHold>(*store_);
  first->add("a");
  ImageHold second(*store_);
  second.add("a");
  keep("a", 200);
  first.reset();
  keep("b", 200);
  EXPECT_TRUE(store_->use("a"));
}

TEST_F(ImageStoreTest, OneThatIsDoubtedIsReadWholeAgain) {
  keep("a", 10);
  keep("b", 10);
  std::ofstream(file_of("a")) << "other bytes";
  EXPECT_TRUE(store_->use("a")) << "it was made by this process";
  store_->doubt({"a", "b", "c"});
  EXPECT_FALSE(store_->use("a"));
  EXPECT_FALSE(fs::exists(file_of("a")));
  EXPECT_TRUE(store_->use("b"));
}

TEST_F(ImageStoreTest, OneThatAloneIsTooLargeIsKeptAllTheSame) {
  open(Bytes(250));
  keep("a", 100);
  keep("large", 1'000);
  EXPECT_FALSE(store_->use("a"));
  EXPECT_TRUE(store_->use("large"));
}

}  // namespace
}  // namespace proa::images
