// modules.dep, and behind a NUL modules.builtin, of a downloaded package; and apt's words about it:
// any bytes. Whatever is asked for, paths stay below the folder and what is needed comes first.
#include "kernels/module_index.h"

#include "base/check.h"
#include "kernels/debian_package.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proa::kernels;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto record = parse_record(bytes)) {
    proa::check(record.value().name.front() != '-', "a package's name is an option");
    proa::check(record.value().name.find('/') == std::string::npos, "a package's name is a path");
  }
  const auto nul = bytes.find('\0');
  const auto builtin = nul == std::string_view::npos ? std::string_view() : bytes.substr(nul + 1);
  const auto index = ModuleIndex::parse(bytes.substr(0, nul), builtin);
  if (!index) return 0;
  const auto order = index.value().load_order({"virtio_net", "a", "b"});
  if (!order) return 0;
  std::set<std::string> names;
  for (const Module& module : order.value()) {
    proa::check(names.insert(module.name).second, "a module is loaded twice");
    proa::check(module.path.front() != '/', "a module's path is absolute");
    proa::check(("/" + module.path + "/").find("/../") == std::string::npos,
                "a module's path leads out of its folder");
  }
  return 0;
}
