#include "base/run_on.h"
#include "images/images.h"
#include "sandbox/job.h"

#include <cerrno>
#include <chrono>

namespace proa::images {
namespace asio = boost::asio;
namespace {

constexpr auto kMakeLimit = std::chrono::minutes(5);
constexpr auto kMemory = Bytes::mib(1'024);
constexpr auto kImageMost = Bytes::mib(10'240);

// They await nothing, so any thread of the pool may run them.
Task<bool> use(ImageStore& store, std::string id) { co_return store.use(id); }
Task<void> keep(ImageStore& store, NewImage image, std::string id) {
  co_return store.keep(std::move(image), id);
}

/// To a pool, what is exhausted are slots or memory, which another call may give back soon. A full
/// disk is a fault of the host that its owner has to see to.
Error of_disk(const Error& error) {
  const bool is_disk = error.os_errno() == ENOSPC || error.os_errno() == EDQUOT;
  if (error.code() != Errc::exhausted || !is_disk) return error;
  return {Errc::unavailable, error.message(), error.os_errno()};
}

}  // namespace

ImageMaker::ImageMaker(asio::any_io_executor executor, sandbox::SandboxFactory& containers,
                       ImageStore& store, asio::thread_pool& blocking)
    : executor_(executor),
      containers_(containers),
      store_(store),
      blocking_(blocking),
      turns_(executor, kImagesAtOnce),
      tasks_(executor) {}

Task<void> ImageMaker::ensure(ImageRecipe recipe) {
  Outcome outcome = making_[recipe.id];
  if (!outcome) {
    outcome = std::make_shared<Pending<Making>>(executor_);
    making_[recipe.id] = outcome;
    tasks_.spawn(make(std::move(recipe), outcome));  // which may have ended by now
  }
  CO_TRY(auto made, co_await outcome->wait(SteadyTime::max(), "the making of an image"));
  if (made.failure) co_return std::move(*made.failure);
  co_return ok();
}

// For all who ask meanwhile: it goes on when who asked first has given up.
asio::awaitable<void> ImageMaker::make(ImageRecipe recipe, Outcome outcome) {
  auto made = co_await make_unless_there(recipe);
  making_.erase(recipe.id);
  outcome->set({made ? std::nullopt : std::optional(made.error())});
}

Task<void> ImageMaker::make_unless_there(const ImageRecipe& recipe) {
  CO_TRY(const bool is_there,
         co_await run_on<bool>(blocking_.get_executor(), use(store_, recipe.id)));
  if (is_there) co_return ok();
  CO_TRY(const auto turn, co_await turns_.take());
  auto made = co_await make_in_container(recipe);
  if (!made) co_return of_disk(made.error());
  co_return ok();
}

Task<void> ImageMaker::make_in_container(const ImageRecipe& recipe) {
  CO_TRY(auto image, store_.begin());
  sandbox::ContainerJob job;
  job.assignment.limits.memory = kMemory;
  job.assignment.limits.memory_mib = sandbox::kWholeProcessorMib;
  job.assignment.tree_id = recipe.tree_id;
  job.assignment.layer_tree_ids = recipe.layer_tree_ids;
  job.arguments = recipe.arguments;
  job.product = image.file();
  job.product_most = kImageMost;
  job.limit = kMakeLimit;
  auto words = co_await sandbox::run_job(containers_, jobs_, std::move(job));
  if (!words) co_return words.error().with_context("an image");
  co_return co_await run_on<void>(blocking_.get_executor(),
                                  keep(store_, std::move(image), recipe.id));
}

}  // namespace proa::images
