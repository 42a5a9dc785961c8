// The maker with containers whose program the test plays. Real ones: tests/compat/.
#include "images/images.h"
#include "unit/frames/await.h"
#include "unit/sandbox/played_containers.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace proa::images {
namespace {

namespace fs = std::filesystem;

class ImageMakerTest : public testing::Test {
 protected:
  ImageMakerTest() {
    std::string name = fs::temp_directory_path() / "proa-images-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    store_ = std::move(ImageStore::open({folder_, Bytes::mib(1)}).value());
    maker_ = std::make_unique<ImageMaker>(io_.get_executor(), containers_, *store_, blocking_);
  }
  ~ImageMakerTest() override {
    plan_.running.clear();  // else a thread of the maker waits for them
    EXPECT_EQ(plan_.closed, plan_.made);
    fs::remove_all(folder_);
  }
  Result<void> ensure(ImageRecipe recipe) {
    return frames::await(io_, maker_->ensure(std::move(recipe)));
  }
  /// Until so many programs run.
  void run_until_running(std::size_t count) {
    io_.restart();
    while (plan_.running.size() < count) ASSERT_GT(io_.run_one_for(std::chrono::seconds(20)), 0U);
  }
  bool is_empty() const { return fs::is_empty(folder_); }

  fs::path folder_;
  sandbox::test::ContainerPlan plan_;
  sandbox::test::PlayedContainers containers_{plan_};
  std::unique_ptr<ImageStore> store_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool blocking_{1};  // joined before the context that its work comes from
  std::unique_ptr<ImageMaker> maker_;
};

TEST_F(ImageMakerTest, AContainerMakesWhatIsNotThere) {
  const auto recipe = layers_recipe({"a", "b"});
  const auto made = ensure(recipe);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(store_->use(recipe.id));
  EXPECT_EQ(store_->totals().bytes, Bytes(plan_.product.size()));
  EXPECT_EQ(plan_.assignment.layer_tree_ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(plan_.assignment.limits.network, model::NetworkPolicy::none);
  EXPECT_EQ(plan_.arguments, recipe.arguments);
  ASSERT_TRUE(ensure(recipe));
  EXPECT_EQ(plan_.made, 1U) << "it is there";
}

TEST_F(ImageMakerTest, ManyWhoAskAtOnceGetOne) {
  const auto recipe = code_recipe("tree");
  std::vector<frames::Outcome<void>> outcomes;
  for (int i = 0; i < 5; ++i) outcomes.push_back(frames::begin(io_, maker_->ensure(recipe)));
  for (const auto& outcome : outcomes) EXPECT_TRUE(frames::finish(io_, outcome));
  EXPECT_EQ(plan_.made, 1U);
}

TEST_F(ImageMakerTest, SlowProgramsHoldUpOnlyOtherPrograms) {
  const auto there = code_recipe("there");
  ASSERT_TRUE(ensure(there));
  plan_.is_slow = true;
  std::vector<frames::Outcome<void>> outcomes;
  for (const char* tree : {"a", "b", "c"}) {
    outcomes.push_back(frames::begin(io_, maker_->ensure(code_recipe(tree))));
  }
  run_until_running(kImagesAtOnce);
  ASSERT_TRUE(ensure(there)) << "the thread of all other blocking work is free";
  EXPECT_EQ(plan_.running.size(), kImagesAtOnce);
  plan_.running.front().reset();
  run_until_running(kImagesAtOnce + 1);
  plan_.running.clear();
  for (const auto& outcome : outcomes) EXPECT_TRUE(frames::finish(io_, outcome));
}

TEST_F(ImageMakerTest, AFullDiskIsSaidSoAndLeavesNothing) {
  if (::mount("tmpfs", folder_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0) {
    GTEST_SKIP() << "mounting a small tmpfs: " << std::strerror(errno);
  }
  plan_.product = std::string(100'000, 'x');
  const auto failed = ensure(code_recipe("tree"));
  const bool leaves_nothing = is_empty();
  plan_.product = "an image";
  const auto made = ensure(code_recipe("tree"));
  ::umount(folder_.c_str());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable) << "it is not told as too many calls";
  EXPECT_NE(failed.error().message().find("No space left on device"), std::string::npos);
  EXPECT_TRUE(leaves_nothing);
  EXPECT_TRUE(made);
}

TEST_F(ImageMakerTest, AFailureHasTheProgramsWordsAndTheNextOneTriesAgain) {
  plan_.wait_status = 1 << 8;
  plan_.words = "mkfs.erofs:\nno space left\n";
  const auto failed = ensure(code_recipe("tree"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_EQ(failed.error().message(),
            "an image: /var/runtime/image/folder.sh failed: mkfs.erofs: no space left");
  EXPECT_TRUE(is_empty());
  plan_.wait_status = 0;
  EXPECT_TRUE(ensure(code_recipe("tree")));
}

TEST_F(ImageMakerTest, AMissingProgramIsUnsupported) {
  plan_.wait_status = 127 << 8;
  plan_.words = "mkfs.erofs is not on this host: install the package erofs-utils";
  const auto failed = ensure(code_recipe("tree"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unsupported);
  EXPECT_NE(failed.error().message().find("erofs-utils"), std::string::npos);
}

TEST_F(ImageMakerTest, ATreeThatIsMissingIsTheContainersError) {
  plan_.assign_error = Error(Errc::not_found, "no such tree");
  EXPECT_EQ(ensure(code_recipe("tree")).error().code(), Errc::not_found);
  EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace proa::images
