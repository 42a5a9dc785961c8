// Guests of this host: what virtual machines are made of, whether a kernel boots here and how fast,
// and on whose processor.
#pragma once

#include "api/api.h"
#include "base/task_group.h"
#include "base/turns.h"
#include "guest_root.h"
#include "images/images.h"
#include "kernels/kernels.h"
#include "machine_templates.h"
#include "sandbox/microvm.h"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>

#include <memory>
#include <mutex>
#include <optional>

namespace proa::apps {

class Shard;

/// Slots of the launcher for what runs beside environments, each of which has one: jobs that make
/// images, one that builds a kernel (kernels::KernelStore lets nobody else), a template
/// (sandbox::TemplateMaker makes one at a time), and a trial boot.
inline constexpr std::uint32_t kWorkSlots = images::kImagesAtOnce + 1 + 1 + 1;

/// Works on one shard, that it is given with connect(); the others ask it. Made by main before the
/// shards, outlives them; thread-safe.
class Guests {
 public:
  /// What it refers to outlives it.
  struct Parts {
    kernels::KernelStore& kernels;
    images::ImageStore& images;
    boost::asio::thread_pool& blocking;
    telemetry::Logger log;
    MachineTemplates::CheckMemory check_memory;
  };
  Guests(const Parts& parts, GuestRoot root, sandbox::TemplateOptions templates);
  ~Guests();

  /// Holds what belongs to the shard. Ends before it, after its thread, and after
  /// kernels::KernelStore::stop(): it waits for what is being built.
  class Connection {
   public:
    explicit Connection(Guests& guests) : guests_(guests) {}
    ~Connection() { guests_.disconnect(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

   private:
    Guests& guests_;
  };
  /// Before any call of those below.
  std::unique_ptr<Connection> connect(Shard& shard);
  /// Gives up what is made for machines that are not there yet. Before the shard stops; any thread.
  void stop();
  /// Finds out who plays guests' processors, where there is a kernel to try it with: a trial of KVM
  /// takes seconds where it fails, which the first call of a function would wait for. Waits for
  /// nothing; the shard runs.
  void begin_choice();
  /// For shards.
  sandbox::GuestBuilder builder();
  /// As ApiOptions::boot_kernel; the first boot chooses between KVM and translation for all.
  Task<api::KernelBoot> boot(const kernels::Kernel& kernel);
  /// As ApiOptions::measure_kernel.
  Task<kernels::Measurement> measure_kernel(const kernels::Kernel& kernel);
  /// As kernels::KernelBuilder::build(), from any executor.
  Task<kernels::AddedKernel> build_kernel(std::string variant);
  /// For the status: who plays guests' processors, and why, and what images take.
  boost::json::object status() const;

 private:
  void disconnect();
  Task<sandbox::GuestBuild> build(sandbox::Assignment assignment);
  Task<sandbox::GuestBuild> build_there(sandbox::Assignment assignment);
  Task<api::KernelBoot> boot_there(kernels::Kernel kernel);
  Task<kernels::Measurement> measure_there(kernels::Kernel kernel);
  Task<kernels::MeasuredBoot> boot_with(launcher::GuestPlan plan, std::chrono::milliseconds limit);
  boost::asio::awaitable<void> choose_ahead();
  Task<launcher::GuestPlan> plan_of(const kernels::Kernel& kernel);
  Task<std::uint32_t> tsc_khz();
  Task<sandbox::AcceleratorChoice> choose(launcher::GuestPlan plan);
  Task<sandbox::FunctionDisks> open_disks(launcher::GuestPlan plan);
  void add_template(const sandbox::Assignment& assignment, sandbox::GuestBuild& build);
  Task<void> add_images(const sandbox::Assignment& assignment, launcher::GuestPlan& plan,
                        images::ImageHold& images);
  Task<void> ensure(images::ImageRecipe recipe, images::ImageHold& images);
  void watch_images(sandbox::GuestBuild& build, std::shared_ptr<images::ImageHold> images);

  kernels::KernelStore& kernels_;
  images::ImageStore& images_;
  GuestRoot root_;
  boost::asio::thread_pool& blocking_;
  telemetry::Logger log_;
  sandbox::TemplateOptions template_options_;
  MachineTemplates::CheckMemory check_memory_;
  // On the shard's executor:
  Shard* shard_ = nullptr;
  std::unique_ptr<images::ImageMaker> maker_;
  std::unique_ptr<kernels::KernelBuilder> kernel_builder_;
  std::unique_ptr<sandbox::TemplateMaker> template_maker_;
  std::unique_ptr<MachineTemplates> templates_;
  std::unique_ptr<TaskGroup> tasks_;
  std::unique_ptr<Turns> boots_;  ///< of the API, once who plays processors is chosen
  std::optional<std::uint32_t> tsc_khz_;
  std::unique_ptr<sandbox::AcceleratorChooser> chooser_;
  // Anywhere:
  mutable std::mutex mutex_;
  std::optional<sandbox::AcceleratorChoice> choice_;  ///< a copy for the status
};

}  // namespace proa::apps
