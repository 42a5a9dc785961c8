#include "machine_templates.h"

#include <chrono>
#include <utility>

namespace proa::apps {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

MachineTemplates::MachineTemplates(const boost::asio::any_io_executor& executor,
                                   sandbox::TemplateMaker& maker, CheckMemory check_memory,
                                   telemetry::Logger log, sandbox::TemplateOptions options)
    : maker_(maker),
      check_memory_(std::move(check_memory)),
      log_(std::move(log)),
      shelf_(options),
      tasks_(executor) {}

std::shared_ptr<const sandbox::MachineTemplate> MachineTemplates::find(
    const sandbox::TemplateWish& wish) {
  return shelf_.find(shelf_.key_of(wish), now());
}

void MachineTemplates::wanted(sandbox::TemplateWish wish) {
  if (is_making_ || is_stopped_) return;
  std::string key = shelf_.key_of(wish);
  if (!shelf_.is_due(key, now())) return;
  if (const auto checked = check_memory_(Bytes::mib(wish.plan.memory_mib)); !checked) {
    return not_made(key, wish.plan.plan.kernel, checked.error());
  }
  is_making_ = true;
  tasks_.spawn(make(std::move(key), std::move(wish.plan)));
}

void MachineTemplates::failed(const sandbox::TemplateWish& wish,
                              const sandbox::MachineTemplate& from, const Error& why) {
  log_.warn("copy_failed", {{"kernel", wish.plan.plan.kernel}, {"reason", why.message()}});
  if (shelf_.remove(shelf_.key_of(wish), from, now())) count();
}

boost::asio::awaitable<void> MachineTemplates::make(std::string key, sandbox::TemplatePlan plan) {
  const SteadyTime begin = now();
  const std::string kernel = plan.plan.kernel;
  const std::uint32_t memory_mib = plan.memory_mib;
  auto made = co_await maker_.make(std::move(plan));
  is_making_ = false;
  if (!made) {
    not_made(key, kernel, made.error());
    co_return;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now() - begin);
  log_.info("template_made", {{"kernel", kernel},
                              {"memory_mib", memory_mib},
                              {"bytes", made.value()->memory.count()},
                              {"took_ms", took.count()}});
  keep(key, std::move(made.value()));
}

void MachineTemplates::keep(const std::string& key,
                            std::shared_ptr<const sandbox::MachineTemplate> made) {
  const Bytes bytes = made->memory;
  const auto put = shelf_.put(key, std::move(made), now());
  if (put.is_too_large) {
    log_.warn("template_too_large",
              {{"bytes", bytes.count()}, {"bytes_most", shelf_.options().most.count()}});
  }
  for (const Bytes each : put.dropped) log_.info("template_dropped", {{"bytes", each.count()}});
  count();
}

void MachineTemplates::not_made(const std::string& key, const std::string& kernel,
                                const Error& why) {
  shelf_.not_made(key, now());
  count();
  if (is_stopped_) return;
  log_.warn("template_not_made", {{"kernel", kernel}, {"reason", why.message()}});
}

void MachineTemplates::count() {
  templates_ = shelf_.templates();
  bytes_ = shelf_.bytes().count();
}

void MachineTemplates::stop() {
  is_stopped_ = true;
  maker_.cancel();
}

boost::json::object MachineTemplates::status() const {
  boost::json::object out;
  out["templates"] = templates_.load();
  out["template_bytes"] = bytes_.load();
  out["template_bytes_most"] = shelf_.options().most.count();
  return out;
}

}  // namespace proa::apps
