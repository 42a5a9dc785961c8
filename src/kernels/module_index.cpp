#include "kernels/module_index.h"

#include <algorithm>

namespace proa::kernels {
namespace {

constexpr std::size_t kPathMax = 1024;
constexpr std::size_t kIndexedMax = 20'000;  ///< Debian's largest kernel has 4,000
constexpr std::size_t kDepthMax = 64;

/// Below the folder and nowhere else, and made of what names of modules are made of.
bool is_safe(std::string_view path) {
  const bool is_plain = std::all_of(path.begin(), path.end(), [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') ||
           std::string_view("-_.+~/").find(c) != std::string_view::npos;
  });
  if (!is_plain || path.empty() || path.size() > kPathMax || path.front() == '/') return false;
  return ("/" + std::string(path) + "/").find("/../") == std::string::npos;
}

/// "virtio_rng" of "kernel/drivers/char/hw_random/virtio-rng.ko.xz"; empty: this is no module.
std::string name_of(std::string_view path) {
  std::string_view file = path.substr(path.rfind('/') + 1);
  const auto dot = file.find(".ko");
  if (dot == std::string_view::npos) return {};
  const std::string_view ending = file.substr(dot + 3);
  if (!ending.empty() && ending.front() != '.') return {};
  std::string name(file.substr(0, dot));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

Error wrong_line(std::string_view file, std::size_t number) {
  return Error(Errc::corrupt, "line " + std::to_string(number) + " of " + std::string(file) +
                                  " is none that depmod writes");
}

std::string_view take_until(std::string_view& rest, char end) {
  const auto at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

}  // namespace

Result<ModuleIndex> ModuleIndex::parse(std::string_view dependencies, std::string_view builtin) {
  ModuleIndex index;
  std::size_t number = 0;
  while (!dependencies.empty()) {
    std::string_view line = take_until(dependencies, '\n');
    ++number;
    if (line.empty()) continue;
    const bool has_colon = line.find(':') != std::string_view::npos;
    Entry entry;
    entry.path = take_until(line, ':');
    std::string name = name_of(entry.path);
    if (!has_colon || name.empty() || !is_safe(entry.path) || number > kIndexedMax) {
      return wrong_line("modules.dep", number);
    }
    while (!line.empty()) {
      const std::string_view needed = take_until(line, ' ');
      if (needed.empty()) continue;
      if (name_of(needed).empty() || !is_safe(needed)) return wrong_line("modules.dep", number);
      entry.needs.emplace_back(needed);
    }
    index.modules_.insert_or_assign(std::move(name), std::move(entry));
  }
  number = 0;
  while (!builtin.empty()) {
    const std::string_view line = take_until(builtin, '\n');
    ++number;
    if (line.empty()) continue;
    std::string name = name_of(line);
    if (name.empty() || number > kIndexedMax) return wrong_line("modules.builtin", number);
    index.builtin_.insert(std::move(name));
  }
  return index;
}

/// One walk from the wanted modules down: what is needed comes first.
class ModuleIndex::Walk {
 public:
  explicit Walk(const ModuleIndex& index) : index_(index) {}

  Result<void> visit(const std::string& name, const std::string& needed_by) {
    if (done_.contains(name) || index_.builtin_.contains(name)) return ok();
    const auto found = index_.modules_.find(name);
    if (found == index_.modules_.end()) {
      const std::string why = needed_by.empty() ? "" : ", which " + needed_by + " needs,";
      return Error(Errc::corrupt,
                   "the kernel's package has no module " + name + why + " and it is not built in");
    }
    if (open_.size() >= kDepthMax || !open_.insert(name).second) {
      return Error(Errc::corrupt, "modules.dep lets module " + name + " need itself");
    }
    // depmod puts the one first that is loaded last.
    const auto& needs = found->second.needs;
    for (auto need = needs.rbegin(); need != needs.rend(); ++need) {
      TRY(visit(name_of(*need), name));
    }
    open_.erase(name);
    done_.insert(name);
    order_.push_back({name, found->second.path});
    return ok();
  }

  std::vector<Module> take() { return std::move(order_); }

 private:
  const ModuleIndex& index_;
  std::set<std::string> open_;
  std::set<std::string> done_;
  std::vector<Module> order_;
};

Result<std::vector<Module>> ModuleIndex::load_order(const std::vector<std::string>& wanted) const {
  Walk walk(*this);
  for (const std::string& name : wanted) {
    TRY(walk.visit(name, ""));
  }
  return walk.take();
}

}  // namespace proa::kernels
