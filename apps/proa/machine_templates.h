// Templates of this host's machines: which there are, when one is made, and for how long.
#pragma once

#include "base/task_group.h"
#include "sandbox/microvm.h"
#include "telemetry/telemetry.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace proa::apps {

/// Whose machines are copies of one template.
enum class TemplateSharing {
  off,     ///< nobody's: every machine boots
  shared,  ///< all accounts'; a template holds nothing of any
  strict,  ///< one account's
};

struct TemplateOptions {
  TemplateSharing sharing = TemplateSharing::shared;
  Bytes most = Bytes::mib(1024);     ///< memory that templates may take together
  std::chrono::minutes renewal{60};  ///< copies share what cannot be seeded anew, for so long
};

/// A machine that could be a copy: everything that its template must have in common with it.
struct TemplateWish {
  sandbox::TemplatePlan plan;
  std::string account_id;
};

/// On one executor, where the machines of the maker are booted, but for status(). A template is
/// made after a machine of its kind has booted, one at a time, so that the first call of all is not
/// slower for it; what was not used for longest goes when there is no room.
class MachineTemplates {
 public:
  /// `log` and `maker` outlive it.
  MachineTemplates(const boost::asio::any_io_executor& executor, sandbox::TemplateMaker& maker,
                   telemetry::Logger log, TemplateOptions options);

  /// The one to copy; null: boot. What became of either is to be said: wanted(), failed().
  std::shared_ptr<const sandbox::MachineTemplate> find(const TemplateWish& wish);
  /// A machine for this runs: one is made if there is none, or one that has had its time.
  void wanted(TemplateWish wish);
  /// A copy of `from` does not run: it is used no more.
  void failed(const TemplateWish& wish, const sandbox::MachineTemplate& from, const Error& why);
  /// Gives up what is being made, and makes nothing more.
  void stop();

  /// Any thread.
  boost::json::object status() const;

 private:
  struct Entry {
    std::shared_ptr<const sandbox::MachineTemplate> made;
    SteadyTime since;  ///< of the template, or of the failure to make it
    SteadyTime used;
  };

  std::string key_of(const TemplateWish& wish) const;
  boost::asio::awaitable<void> make(std::string key, sandbox::TemplatePlan plan);
  void make_room();
  /// For the status; what they take together, in bytes.
  std::uint64_t count();

  sandbox::TemplateMaker& maker_;
  telemetry::Logger log_;
  TemplateOptions options_;
  std::map<std::string, Entry> entries_;
  bool is_making_ = false;
  bool is_stopped_ = false;
  std::atomic<std::uint64_t> templates_{0};
  std::atomic<std::uint64_t> bytes_{0};
  TaskGroup tasks_;
};

}  // namespace proa::apps
