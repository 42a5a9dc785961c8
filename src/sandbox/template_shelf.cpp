#include "sandbox/template_shelf.h"

#include <string_view>
#include <utility>

namespace proa::sandbox {
namespace {

/// Until a template that could not be made, broke or had no room is tried again.
constexpr std::chrono::minutes kTryAgainAfter{5};

void append(std::string& key, std::string_view part) { key.append(part).push_back('\0'); }

}  // namespace

std::string TemplateShelf::key_of(const TemplateWish& wish) const {
  const TemplatePlan& plan = wish.plan;
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

TemplateShelf::Template TemplateShelf::find(const std::string& key, SteadyTime now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || !found->second.made) return nullptr;
  found->second.used = now;
  return found->second.made;
}

bool TemplateShelf::is_due(const std::string& key, SteadyTime now) const {
  if (options_.sharing == TemplateSharing::off) return false;
  const auto found = entries_.find(key);
  if (found == entries_.end()) return true;
  const Entry& entry = found->second;
  if (entry.is_too_large) return false;
  return now - entry.since >= (entry.made ? options_.renewal : kTryAgainAfter);
}

TemplateShelf::Put TemplateShelf::put(const std::string& key, Template made, SteadyTime now) {
  Put put;
  forget_old(now);
  Entry& entry = entries_[key];
  entry.since = now;
  put.is_too_large = made->memory > options_.most;
  if (put.is_too_large) {
    entry.made = nullptr;
    entry.is_too_large = true;
    return put;
  }
  entry.made = std::move(made);
  entry.used = now;
  while (bytes() > options_.most) drop_oldest(key, put, now);
  return put;
}

void TemplateShelf::not_made(const std::string& key, SteadyTime now) {
  Entry& entry = entries_[key];
  entry.made = nullptr;
  entry.since = now;
}

bool TemplateShelf::remove(const std::string& key, const MachineTemplate& from, SteadyTime now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.made.get() != &from) return false;
  not_made(key, now);
  return true;
}

// There is another one than `kept`, which alone is not too large.
void TemplateShelf::drop_oldest(const std::string& kept, Put& put, SteadyTime now) {
  Entry* oldest = nullptr;
  for (auto& [key, entry] : entries_) {
    if (!entry.made || key == kept) continue;
    if (oldest == nullptr || entry.used < oldest->used) oldest = &entry;
  }
  put.dropped.push_back(oldest->made->memory);
  oldest->made = nullptr;
  oldest->since = now;
}

// Kernels, roots and accounts come and go.
void TemplateShelf::forget_old(SteadyTime now) {
  std::erase_if(entries_, [now](const auto& each) {
    const Entry& entry = each.second;
    return !entry.made && !entry.is_too_large && now - entry.since >= kTryAgainAfter;
  });
}

std::size_t TemplateShelf::templates() const {
  std::size_t count = 0;
  for (const auto& [key, entry] : entries_) count += entry.made ? 1U : 0U;
  return count;
}

Bytes TemplateShelf::bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, entry] : entries_) bytes += entry.made ? entry.made->memory.count() : 0;
  return Bytes(bytes);
}

}  // namespace proa::sandbox
