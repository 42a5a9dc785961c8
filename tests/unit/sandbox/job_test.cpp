#include "sandbox/job.h"

#include "unit/frames/await.h"
#include "unit/sandbox/played_containers.h"

#include <boost/asio/io_context.hpp>
#include <sys/mman.h>

namespace proa::sandbox {
namespace {

class JobTest : public testing::Test {
 protected:
  ~JobTest() override { EXPECT_EQ(plan_.closed, plan_.made); }
  Result<std::string> run() {
    ContainerJob job;
    job.assignment.tree_id = "tree";
    job.arguments = {"/bin/make", "it"};
    job.product = file_.get();
    job.product_most = Bytes(1'000);
    job.limit = std::chrono::seconds(20);
    return frames::await(io_, run_job(containers_, blocking_, std::move(job)));
  }

  os::UniqueFd file_{::memfd_create("product", MFD_CLOEXEC)};
  test::ContainerPlan plan_;
  test::PlayedContainers containers_{plan_};
  boost::asio::io_context io_{1};
  boost::asio::thread_pool blocking_{1};  // joined before the context that its work comes from
};

TEST_F(JobTest, GivesTheProductToTheFileAndTheWordsToTheCaller) {
  plan_.words = "made it";
  const auto words = run();
  ASSERT_TRUE(words) << words.error().message();
  EXPECT_EQ(words.value(), "made it");
  EXPECT_EQ(plan_.assignment.tree_id, "tree");
  EXPECT_EQ(plan_.arguments, (std::vector<std::string>{"/bin/make", "it"}));
  std::string text(plan_.product.size(), '\0');
  EXPECT_EQ(::pread(file_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(text, plan_.product);
}

TEST_F(JobTest, AFailureHasTheProgramsWordsInOneLine) {
  plan_.wait_status = 1 << 8;
  plan_.words = "cannot:\n\x1b[31mno space\n";
  const auto failed = run();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), Errc::unavailable);
  EXPECT_EQ(failed.error().message(), "/bin/make failed: cannot:  [31mno space");
}

TEST_F(JobTest, AMissingProgramIsUnsupported) {
  plan_.wait_status = 127 << 8;
  plan_.words = "install it";
  EXPECT_EQ(run().error().code(), Errc::unsupported);
}

TEST_F(JobTest, AProgramThatIsKilledFails) {
  plan_.wait_status = 9;
  EXPECT_EQ(run().error().message(), "/bin/make failed");
}

TEST_F(JobTest, AProductThatIsTooLargeIsRefused) {
  plan_.product = std::string(1'001, 'x');
  EXPECT_EQ(run().error().code(), Errc::too_large);
}

TEST_F(JobTest, WhatTheContainerCannotHaveIsTheError) {
  plan_.assign_error = Error(Errc::not_found, "no such tree");
  EXPECT_EQ(run().error().code(), Errc::not_found);
}

}  // namespace
}  // namespace proa::sandbox
