#include "machine_templates.h"

#include <algorithm>
#include <utility>

namespace proa::apps {
namespace {

/// Until a template that could not be made is tried again.
constexpr std::chrono::minutes kAfterFailure{5};

void append(std::string& key, std::string_view part) { key.append(part).push_back('\0'); }

}  // namespace

MachineTemplates::MachineTemplates(const boost::asio::any_io_executor& executor,
                                   sandbox::TemplateMaker& maker, telemetry::Logger log,
                                   TemplateOptions options)
    : maker_(maker), log_(std::move(log)), options_(options), tasks_(executor) {}

std::string MachineTemplates::key_of(const TemplateWish& wish) const {
  const sandbox::TemplatePlan& plan = wish.plan;
  std::string key;
  append(key, plan.plan.kernel);
  append(key, plan.plan.root_image);
  append(key, std::to_string(plan.memory_mib));
  append(key, plan.kernel_mib ? std::to_string(*plan.kernel_mib) : std::string());
  append(key, options_.sharing == TemplateSharing::strict ? wish.account_id : std::string());
  if (!plan.command) return key;
  append(key, plan.command->directory);
  for (const std::string& each : plan.command->arguments) append(key, each);
  append(key, "");
  for (const std::string& each : plan.command->environment) append(key, each);
  return key;
}

std::shared_ptr<const sandbox::MachineTemplate> MachineTemplates::find(const TemplateWish& wish) {
  if (options_.sharing == TemplateSharing::off) return nullptr;
  const auto found = entries_.find(key_of(wish));
  if (found == entries_.end() || !found->second.made) return nullptr;
  found->second.used = std::chrono::steady_clock::now();
  return found->second.made;
}

void MachineTemplates::wanted(TemplateWish wish) {
  if (options_.sharing == TemplateSharing::off || is_making_ || is_stopped_) return;
  std::string key = key_of(wish);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    const auto age = std::chrono::steady_clock::now() - found->second.since;
    if (age < (found->second.made ? options_.renewal : kAfterFailure)) return;
  }
  is_making_ = true;
  tasks_.spawn(make(std::move(key), std::move(wish.plan)));
}

void MachineTemplates::failed(const TemplateWish& wish, const sandbox::MachineTemplate& from,
                              const Error& why) {
  log_.warn("copy_failed", {{"kernel", wish.plan.plan.kernel}, {"reason", why.message()}});
  const auto found = entries_.find(key_of(wish));
  if (found == entries_.end() || found->second.made.get() != &from) return;
  found->second.made = nullptr;
  found->second.since = std::chrono::steady_clock::now();
  count();
}

boost::asio::awaitable<void> MachineTemplates::make(std::string key, sandbox::TemplatePlan plan) {
  const SteadyTime begin = std::chrono::steady_clock::now();
  const std::string kernel = plan.plan.kernel;
  const std::uint32_t memory_mib = plan.memory_mib;
  auto made = co_await maker_.make(std::move(plan));
  const SteadyTime end = std::chrono::steady_clock::now();
  is_making_ = false;
  Entry& entry = entries_[key];
  if (entry.used < begin) entry.used = begin;
  entry.since = end;
  if (!made) {
    // One that has had its time is not used longer for that.
    entry.made = nullptr;
    if (!is_stopped_) {
      log_.warn("template_not_made", {{"kernel", kernel}, {"reason", made.error().message()}});
    }
  } else {
    entry.made = std::move(made.value());
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(end - begin);
    log_.info("template_made", {{"kernel", kernel},
                                {"memory_mib", memory_mib},
                                {"bytes", entry.made->memory.count()},
                                {"took_ms", took.count()}});
  }
  make_room();
}

void MachineTemplates::make_room() {
  while (count() > options_.most.count()) {
    const auto oldest =
        std::min_element(entries_.begin(), entries_.end(), [](const auto& one, const auto& other) {
          // Those without a template take nothing: they are behind all that have one.
          return std::pair(!one.second.made, one.second.used) <
                 std::pair(!other.second.made, other.second.used);
        });
    log_.info("template_dropped", {{"bytes", oldest->second.made->memory.count()}});
    entries_.erase(oldest);
  }
}

std::uint64_t MachineTemplates::count() {
  std::uint64_t templates = 0;
  std::uint64_t bytes = 0;
  for (const auto& [key, entry] : entries_) {
    if (!entry.made) continue;
    ++templates;
    bytes += entry.made->memory.count();
  }
  templates_ = templates;
  bytes_ = bytes;
  return bytes;
}

void MachineTemplates::stop() {
  is_stopped_ = true;
  maker_.cancel();
}

boost::json::object MachineTemplates::status() const {
  boost::json::object out;
  out["templates"] = templates_.load();
  out["template_bytes"] = bytes_.load();
  out["template_bytes_most"] = options_.most.count();
  return out;
}

}  // namespace proa::apps
