#include "base/run_on.h"
#include "kernels/kernels.h"
#include "sandbox/job.h"

#include <chrono>
#include <functional>
#include <utility>

namespace proa::kernels {
namespace asio = boost::asio;
namespace {

constexpr auto kBuildLimit = std::chrono::minutes(60);
/// Eight compilers at once take less.
constexpr auto kMemory = Bytes::mib(3'072);
constexpr auto kProductMost = Bytes::mib(300);

using OwnedBuild = std::unique_ptr<KernelBuild>;

/// Awaits nothing, as the next.
Task<OwnedBuild> begin(KernelStore& store, const std::string& variant) {
  co_return store.begin_build(variant);
}
Task<AddedKernel> finish(KernelBuild& build) { co_return build.finish(); }

sandbox::ContainerJob job_of(const KernelBuild& build) {
  sandbox::ContainerJob job;
  job.assignment.limits.memory = kMemory;
  job.assignment.limits.memory_mib = build.processor_mib();
  job.arguments = build.program();
  job.input = build.source();
  job.product = build.product();
  job.stopped = build.stopped();
  job.product_most = kProductMost;
  job.limit = kBuildLimit;
  return job;
}

}  // namespace

KernelBuilder::KernelBuilder(asio::any_io_executor executor, sandbox::SandboxFactory& containers,
                             KernelStore& store)
    : executor_(executor), containers_(containers), store_(store), tasks_(std::move(executor)) {}

Task<AddedKernel> KernelBuilder::build(std::string variant) {
  const auto outcome = std::make_shared<Pending<Built>>(executor_);
  tasks_.spawn(make(std::move(variant), outcome));
  CO_TRY(auto built, co_await outcome->wait(SteadyTime::max(), "the building of a kernel"));
  if (built.failure) co_return std::move(*built.failure);
  co_return std::move(*built.added);
}

asio::awaitable<void> KernelBuilder::make(std::string variant, Outcome outcome) {
  auto made = co_await make_in_container(std::move(variant));
  Built built;
  if (made) {
    built.added = std::move(made).value();
  } else {
    built.failure = made.error();
  }
  outcome->set(std::move(built));
}

Task<AddedKernel> KernelBuilder::make_in_container(std::string variant) {
  CO_TRY(const auto build,
         co_await run_on<OwnedBuild>(thread_.get_executor(), begin(store_, variant)));
  if (build->needs_program()) {
    auto words = co_await sandbox::run_job(containers_, thread_, job_of(*build));
    if (!words) co_return words.error().with_context("The kernel " + variant + " cannot be built");
  }
  auto added = co_await run_on<AddedKernel>(thread_.get_executor(), finish(*build));
  if (!added) co_return added.error().with_context("The kernel " + variant + " cannot be stored");
  co_return added;
}

}  // namespace proa::kernels
