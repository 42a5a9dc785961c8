// Templates of this host's machines: made one at a time, behind the machines that boot.
#pragma once

#include "base/task_group.h"
#include "sandbox/microvm.h"
#include "sandbox/template_shelf.h"
#include "telemetry/telemetry.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

namespace proa::apps {

/// On one executor, where the machines of the maker are booted, but for status(). A template is
/// made after a machine of its kind has booted, one at a time, so that the first call of all is not
/// slower for it. What there is, is up to the TemplateShelf.
class MachineTemplates {
 public:
  /// Whether the host has memory for a template of functions with so much.
  using CheckMemory = std::function<Result<void>(Bytes)>;

  /// `maker` outlives it.
  MachineTemplates(const boost::asio::any_io_executor& executor, sandbox::TemplateMaker& maker,
                   CheckMemory check_memory, telemetry::Logger log,
                   sandbox::TemplateOptions options);

  /// The one to copy; null: boot. What became of either is to be said: wanted(), failed().
  std::shared_ptr<const sandbox::MachineTemplate> find(const sandbox::TemplateWish& wish);
  /// A machine for this runs: one is made if it is due.
  void wanted(sandbox::TemplateWish wish);
  /// A copy of `from` does not run: it is used no more.
  void failed(const sandbox::TemplateWish& wish, const sandbox::MachineTemplate& from,
              const Error& why);
  /// Gives up what is being made, and makes nothing more.
  void stop();

  /// Any thread.
  boost::json::object status() const;

 private:
  boost::asio::awaitable<void> make(std::string key, sandbox::TemplatePlan plan);
  void keep(const std::string& key, std::shared_ptr<const sandbox::MachineTemplate> made);
  void not_made(const std::string& key, const std::string& kernel, const Error& why);
  /// For the status.
  void count();

  sandbox::TemplateMaker& maker_;
  CheckMemory check_memory_;
  telemetry::Logger log_;
  sandbox::TemplateShelf shelf_;
  bool is_making_ = false;
  bool is_stopped_ = false;
  std::atomic<std::uint64_t> templates_{0};
  std::atomic<std::uint64_t> bytes_{0};
  TaskGroup tasks_;
};

}  // namespace proa::apps
