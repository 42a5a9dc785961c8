// The builder with containers whose program the test plays. Real ones: tests/compat/.
#include "kernels/kernels.h"
#include "os/file.h"
#include "support/manual_clock.h"
#include "unit/frames/await.h"
#include "unit/kernels/product.h"
#include "unit/sandbox/played_containers.h"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

class KernelBuilderTest : public FakeHostTest {
 protected:
  KernelBuilderTest() {
    KernelStoreOptions options;
    options.folder = top_ / "kernels";
    options.init_program = os::open_file(top_ / "proa-init", O_RDONLY).value();
    options.architecture = "x86_64";
    options.recipes = top_ / "recipes";
    options.signing_file = top_ / "kernels.key";
    options.signing = read_signing_key(options.signing_file).value();
    options.search_path = search_path();
    store_ = KernelStore::open(std::move(options), clock_).value();
    builder_ = std::make_unique<KernelBuilder>(io_.get_executor(), containers_, *store_);
    plan_.product = product_of(right_entries());
  }
  ~KernelBuilderTest() override { EXPECT_EQ(plan_.closed, plan_.made); }
  Result<AddedKernel> build() { return frames::await(io_, builder_->build("net")); }

  ManualClock clock_;
  sandbox::test::ContainerPlan plan_;
  sandbox::test::PlayedContainers containers_{plan_};
  std::unique_ptr<KernelStore> store_;
  boost::asio::io_context io_{1};
  std::unique_ptr<KernelBuilder> builder_;
};

TEST_F(KernelBuilderTest, AContainerBuildsWhatIsNotThere) {
  const auto built = build();
  ASSERT_TRUE(built) << built.error().message();
  EXPECT_TRUE(built.value().is_new);
  EXPECT_EQ(plan_.arguments, (std::vector<std::string>{"/var/runtime/kernel/build.sh", "net"}));
  EXPECT_EQ(plan_.assignment.limits.network, model::NetworkPolicy::none);
  EXPECT_EQ(plan_.assignment.limits.memory_mib, 128U) << "functions come first";
  EXPECT_EQ(store_->find("net").value().id, built.value().kernel.id);
  const auto again = build();
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_FALSE(again.value().is_new);
  EXPECT_EQ(plan_.made, 1U);
}

TEST_F(KernelBuilderTest, AFailureHasTheProgramsWordsAndLeavesNothing) {
  plan_.wait_status = 1 << 8;
  plan_.words = "mm/slub.c:1: error: no\nmake vmlinux has failed\n";
  const auto failed = build();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_EQ(failed.error().message(),
            "The kernel net cannot be built: /var/runtime/kernel/build.sh failed: mm/slub.c:1: "
            "error: no make vmlinux has failed");
  EXPECT_TRUE(fs::is_empty(top_ / "kernels"));
  EXPECT_EQ(store_->list().value().adding, "");
  plan_.wait_status = 127 << 8;
  EXPECT_EQ(build().error().code(), Errc::unsupported);
  plan_.wait_status = 0;
  plan_.product = "no archive";
  EXPECT_EQ(build().error().code(), Errc::corrupt);
  EXPECT_TRUE(fs::is_empty(top_ / "kernels"));
}

TEST_F(KernelBuilderTest, OneIsBuiltAtATimeAndNoneAfterStop) {
  auto first = frames::begin(io_, builder_->build("net"));
  auto second = frames::begin(io_, builder_->build("small"));
  EXPECT_TRUE(frames::finish(io_, first));
  EXPECT_EQ(frames::finish(io_, second).error().code(), Errc::conflict);
  store_->stop();
  write("recipes/build.sh", "another one");
  EXPECT_EQ(build().error().code(), Errc::cancelled);
  EXPECT_EQ(store_->list().value().kernels.size(), 1U);
}

}  // namespace
}  // namespace proa::kernels
