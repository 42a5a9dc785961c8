#include "guests.h"

#include "base/run_on.h"
#include "model/settings.h"
#include "shard.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <functional>

namespace proa::apps {
namespace {

using launcher::Accelerator;

// On a busy host a translated boot of a few seconds takes several times that.
constexpr std::chrono::milliseconds kTcgLimit{60'000};
constexpr std::chrono::milliseconds kKvmLimit{10'000};

std::chrono::milliseconds boot_limit(Accelerator accelerator) {
  return accelerator == Accelerator::kvm ? kKvmLimit : kTcgLimit;
}

/// Awaits nothing, so any thread of the pool may run it.
Task<std::uint32_t> measure() { co_return sandbox::measure_tsc_khz(); }
/// Beside what a kernel keeps of a machine without disks: disks, a network card, and what it
/// remembers of a function's processes and files. Careful: by what machines had left in calls of
/// Python functions, it was 5 to 11 MiB.
constexpr std::uint32_t kDevicesMib = 12;

/// Errc: unsupported. Kernels of other names than our variants' may lack a driver, too.
Result<void> check_network(const kernels::Manifest& manifest, model::NetworkPolicy wanted) {
  if (!manifest.build || wanted == model::NetworkPolicy::none) return ok();
  const auto& options = manifest.build->options;
  if (std::ranges::find(options, "CONFIG_VIRTIO_NET=y") != options.end()) return ok();
  return Error(Errc::unsupported, "The guest kernel " + manifest.name +
                                      " has no network card, and the function's network is " +
                                      std::string(model::to_string(wanted)) +
                                      ": give it the tag proa:network=none, or another kernel");
}

/// The one that the function wants, else the smallest that has a network card.
Task<kernels::UsedKernel> find_kernel(kernels::KernelStore& kernels, const std::string& wanted) {
  std::vector<std::string> names{"net", "full", kernels::kStock};
  if (!wanted.empty()) names = {wanted};
  for (const std::string& name : names) {
    auto found = kernels.use(name);
    if (found || found.error().code() != Errc::not_found) co_return found;
  }
  const std::string what = wanted.empty() ? "no guest kernel" : "no guest kernel " + wanted;
  const std::string how = wanted.empty() || wanted == kernels::kStock
                              ? "add one with proa kernel add stock"
                              : "build it with proa kernel build " + wanted;
  co_return Error(Errc::unsupported, "There is " + what + " on this host: " + how);
}
Task<std::string> read_state(const GuestRoot& root) { co_return root.state(); }

/// Of a machine that ended, or did not come up in time.
bool may_be_images_fault(Errc failure) {
  return failure == Errc::unavailable || failure == Errc::deadline;
}

/// Errc: unavailable (it went since the start began: the next one makes it anew), os.
Result<os::UniqueFd> open_image(const images::ImageStore& images, const std::string& id) {
  auto file = images.read(id);
  if (file || file.error().code() != Errc::not_found) return file;
  return Error(Errc::unavailable, file.error().message());
}

Task<sandbox::FunctionDisks> open_images(const images::ImageStore& images,
                                         launcher::GuestPlan plan) {
  sandbox::FunctionDisks disks;
  CO_TRY(disks.code, open_image(images, plan.code_image));
  if (plan.layers_image.empty()) co_return disks;
  CO_TRY(disks.layers, open_image(images, plan.layers_image));
  co_return disks;
}

}  // namespace

Guests::Guests(const Parts& parts, GuestRoot root, sandbox::TemplateOptions templates)
    : kernels_(parts.kernels),
      images_(parts.images),
      root_(std::move(root)),
      blocking_(parts.blocking),
      log_(parts.log),
      template_options_(templates),
      check_memory_(parts.check_memory) {}

Guests::~Guests() = default;

std::unique_ptr<Guests::Connection> Guests::connect(Shard& shard) {
  shard_ = &shard;
  maker_ = std::make_unique<images::ImageMaker>(shard.executor(), shard.containers(), images_,
                                                blocking_);
  kernel_builder_ =
      std::make_unique<kernels::KernelBuilder>(shard.executor(), shard.containers(), kernels_);
  chooser_ = shard.accelerator_chooser();
  template_maker_ =
      std::make_unique<sandbox::TemplateMaker>(shard.template_maker(blocking_.get_executor()));
  templates_ = std::make_unique<MachineTemplates>(shard.executor(), *template_maker_, check_memory_,
                                                  log_, template_options_);
  tasks_ = std::make_unique<TaskGroup>(shard.executor());
  boots_ = std::make_unique<Turns>(shard.executor(), 1);
  return std::make_unique<Connection>(*this);
}

void Guests::stop() {
  boost::asio::post(shard_->executor(), [this] { templates_->stop(); });
}

void Guests::begin_choice() {
  boost::asio::post(shard_->executor(), [this] { tasks_->spawn(choose_ahead()); });
}

boost::asio::awaitable<void> Guests::choose_ahead() {
  const std::string any;
  const auto used =
      co_await run_on<kernels::UsedKernel>(blocking_.get_executor(), find_kernel(kernels_, any));
  if (!used) co_return;
  const auto planned = co_await plan_of(used.value().kernel);
  if (!planned) log_.warn("accelerator_not_chosen", {{"reason", planned.error().message()}});
}

void Guests::disconnect() {
  templates_.reset();
  template_maker_.reset();
  kernel_builder_->close();
  kernel_builder_.reset();
  maker_.reset();
  chooser_.reset();
  boots_.reset();
  tasks_.reset();  // none runs: the shard's thread has ended
  shard_ = nullptr;
}

sandbox::GuestBuilder Guests::builder() {
  return [this](sandbox::Assignment assignment) { return build(std::move(assignment)); };
}

Task<sandbox::GuestBuild> Guests::build(sandbox::Assignment assignment) {
  co_return co_await run_on<sandbox::GuestBuild>(shard_->executor(),
                                                 build_there(std::move(assignment)));
}

Task<sandbox::GuestBuild> Guests::build_there(sandbox::Assignment assignment) {
  CO_TRY(auto used, co_await run_on<kernels::UsedKernel>(blocking_.get_executor(),
                                                         find_kernel(kernels_, assignment.kernel)));
  const kernels::Kernel& kernel = used.kernel;
  CO_TRY(check_network(kernel.manifest, assignment.limits.network));
  sandbox::GuestBuild build;
  build.hold = std::move(used.use);
  build.kernel_name = kernel.manifest.name;
  if (const auto& measured = kernel.manifest.measured) {
    build.kernel_mib = measured->memory_kept_mib + kDevicesMib;
  }
  CO_TRY(build.plan, co_await plan_of(kernel));
  build.boot_limit = boot_limit(build.plan.accelerator);
  auto images = std::make_shared<images::ImageHold>(images_);
  CO_TRY(co_await add_images(assignment, build.plan, *images));
  build.open_disks = [this, plan = build.plan] { return open_disks(plan); };
  // What waits for any function of its kind has the host's programs as its root.
  if (!assignment.is_image) add_template(assignment, build);
  watch_images(build, std::move(images));
  co_return build;
}

// The start is over when nobody has `outcome` any more.
void Guests::watch_images(sandbox::GuestBuild& build, std::shared_ptr<images::ImageHold> images) {
  build.outcome = [this, images = std::move(images),
                   next = std::move(build.outcome)](const sandbox::GuestOutcome& outcome) {
    // An image that has rotted may be why.
    const auto& failure = outcome.failure;
    if (failure && may_be_images_fault(failure->code())) images_.doubt(images->ids());
    if (next) next(outcome);
  };
}

void Guests::add_template(const sandbox::Assignment& assignment, sandbox::GuestBuild& build) {
  sandbox::TemplateWish wish;
  wish.plan.plan = build.plan;
  wish.plan.plan.code_image.clear();
  wish.plan.plan.layers_image.clear();
  wish.plan.memory_mib = assignment.limits.memory_mib;
  wish.plan.kernel_mib = build.kernel_mib;
  wish.plan.command = assignment.parked;
  wish.plan.ahead_variables = assignment.ahead_variables;
  wish.plan.boot_limit = build.boot_limit;
  wish.account_id = assignment.account_id;
  build.from = templates_->find(wish);
  build.outcome = [this, wish = std::move(wish),
                   from = build.from](const sandbox::GuestOutcome& outcome) {
    if (outcome.failure && !outcome.is_templates_fault) return;
    boost::asio::post(shard_->executor(), [this, wish, from, outcome] {
      if (outcome.failure) return templates_->failed(wish, *from, *outcome.failure);
      templates_->wanted(wish);
    });
  };
}

Task<void> Guests::add_images(const sandbox::Assignment& assignment, launcher::GuestPlan& plan,
                              images::ImageHold& images) {
  if (assignment.is_image) {
    auto image = images::code_recipe(assignment.tree_id);
    plan.root_image = image.id;
    co_return co_await ensure(std::move(image), images);
  }
  CO_TRY(const auto state,
         co_await run_on<std::string>(blocking_.get_executor(), read_state(root_)));
  auto root = assignment.root_tree_id.empty()
                  ? images::root_recipe(root_.interpreters_for(assignment.interpreter), state)
                  : images::runtime_root_recipe(assignment.root_tree_id, state);
  plan.root_image = root.id;
  CO_TRY(co_await ensure(std::move(root), images));
  if (assignment.tree_id.empty()) co_return ok();
  auto code = images::code_recipe(assignment.tree_id);
  plan.code_image = code.id;
  CO_TRY(co_await ensure(std::move(code), images));
  if (assignment.layer_tree_ids.empty()) co_return ok();
  auto layers = images::layers_recipe(assignment.layer_tree_ids);
  plan.layers_image = layers.id;
  co_return co_await ensure(std::move(layers), images);
}

Task<void> Guests::ensure(images::ImageRecipe recipe, images::ImageHold& images) {
  images.add(recipe.id);
  return maker_->ensure(std::move(recipe));
}

Task<sandbox::FunctionDisks> Guests::open_disks(launcher::GuestPlan plan) {
  return run_on<sandbox::FunctionDisks>(blocking_.get_executor(), open_images(images_, plan));
}

Task<std::uint32_t> Guests::tsc_khz() {
  if (tsc_khz_) co_return *tsc_khz_;
  CO_TRY(tsc_khz_, co_await run_on<std::uint32_t>(blocking_.get_executor(), measure()));
  co_return *tsc_khz_;
}

Task<sandbox::AcceleratorChoice> Guests::choose(launcher::GuestPlan plan) {
  CO_TRY(auto choice, co_await chooser_->choose(std::move(plan)));
  const std::lock_guard guard(mutex_);
  choice_ = choice;
  co_return choice;
}

Task<launcher::GuestPlan> Guests::plan_of(const kernels::Kernel& kernel) {
  launcher::GuestPlan plan;
  plan.kernel = kernel.id;
  plan.memory_mib = sandbox::kMeasuredMib;
  plan.needs_acpi = kernel.manifest.needs_acpi;
  CO_TRY(plan.tsc_khz, co_await tsc_khz());
  CO_TRY(const auto choice, co_await choose(plan));
  plan.accelerator = choice.accelerator;
  co_return plan;
}

Task<api::KernelBoot> Guests::boot(const kernels::Kernel& kernel) {
  co_return co_await run_on<api::KernelBoot>(shard_->executor(), boot_there(kernel));
}

Task<api::KernelBoot> Guests::boot_there(kernels::Kernel kernel) {
  CO_TRY(auto plan, co_await plan_of(kernel));
  const auto limit = boot_limit(plan.accelerator);
  CO_TRY(const auto turn, co_await boots_->take());
  CO_TRY(const auto report, co_await shard_->boot_guest(std::move(plan), limit));
  api::KernelBoot boot;
  boot.accelerator = sandbox::name_of(report.accelerator);
  boot.reason = chooser_->choice()->reason;
  boot.took = report.took;
  co_return boot;
}

Task<kernels::Measurement> Guests::measure_kernel(const kernels::Kernel& kernel) {
  co_return co_await run_on<kernels::Measurement>(shard_->executor(), measure_there(kernel));
}

Task<kernels::Measurement> Guests::measure_there(kernels::Kernel kernel) {
  CO_TRY(auto plan, co_await plan_of(kernel));
  const auto limit = boot_limit(plan.accelerator);
  kernels::BootWith boot = [this, plan](std::uint32_t memory_mib,
                                        std::chrono::milliseconds most) mutable {
    plan.memory_mib = memory_mib;
    return boot_with(plan, most);
  };
  co_return co_await kernels::measure_kernel(std::move(boot), limit);
}

Task<kernels::MeasuredBoot> Guests::boot_with(launcher::GuestPlan plan,
                                              std::chrono::milliseconds limit) {
  if (kernels_.is_stopped()) co_return Error(Errc::cancelled, "the daemon stops");
  CO_TRY(const auto turn, co_await boots_->take());
  CO_TRY(const auto report, co_await shard_->boot_guest(std::move(plan), limit));
  kernels::MeasuredBoot boot;
  boot.accelerator = sandbox::name_of(report.accelerator);
  boot.took = report.took;
  boot.available = report.available;
  co_return boot;
}

Task<kernels::AddedKernel> Guests::build_kernel(std::string variant) {
  co_return co_await run_on<kernels::AddedKernel>(shard_->executor(),
                                                  kernel_builder_->build(std::move(variant)));
}

boost::json::object Guests::status() const {
  boost::json::object out;
  const auto totals = images_.totals();
  out["images"] = totals.images;
  out["image_bytes"] = totals.bytes.count();
  out["image_bytes_most"] = images_.most().count();
  for (const auto& [name, value] : templates_->status()) out[name] = value;
  const std::lock_guard guard(mutex_);
  if (!choice_) {
    out["accelerator"] = nullptr;
    out["reason"] = "no guest has been booted yet: proa kernel add, proa kernel verify --boot";
    return out;
  }
  out["accelerator"] = sandbox::name_of(choice_->accelerator);
  out["reason"] = choice_->reason;
  return out;
}

}  // namespace proa::apps
