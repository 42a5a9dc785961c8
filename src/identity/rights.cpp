#include "identity/rights.h"

#include <array>

namespace proa::identity {
namespace {

struct Named {
  Right right;
  std::string_view name;
};

constexpr auto kNames = std::to_array<Named>({{Right::invoke, "invoke"},
                                              {Right::deploy, "deploy"},
                                              {Right::configure, "configure"},
                                              {Right::logs, "logs"},
                                              {Right::attach_debug, "attach:debug"},
                                              {Right::attach_memory, "attach:memory"},
                                              {Right::attach_traffic, "attach:traffic"},
                                              {Right::admin, "admin"}});

Result<Right> parse_right(const std::string& name) {
  std::string all;
  for (const Named& one : kNames) {
    if (one.name == name) return one.right;
    all.append(all.empty() ? "" : ", ").append(one.name);
  }
  return Error(Errc::invalid, "There is no right '" + name + "'; the rights are: " + all);
}

}  // namespace

std::string_view to_string(Right right) { return kNames[static_cast<std::size_t>(right)].name; }

std::vector<std::string> to_names(Rights rights) {
  std::vector<std::string> names;
  for (const Named& one : kNames) {
    if (rights.has(one.right)) names.emplace_back(one.name);
  }
  return names;
}

Result<Rights> parse_rights(const std::vector<std::string>& names) {
  Rights rights;
  for (const std::string& name : names) {
    TRY(const auto right, parse_right(name));
    rights.add(right);
  }
  return rights;
}

}  // namespace proa::identity
