#include "launcher/net/namespaces.h"

#include "base/check.h"
#include "os/file.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <string>
#include <string_view>

namespace proa::launcher::net {

Result<os::UniqueFd> current_namespace() {
  return os::open_file("/proc/thread-self/ns/net", O_RDONLY);
}

Result<NamespaceVisit> NamespaceVisit::enter(int descriptor) {
  TRY(auto home, current_namespace());
  if (::setns(descriptor, CLONE_NEWNET) != 0) return os_error("enter a network namespace");
  return NamespaceVisit(std::move(home));
}

Result<NamespaceVisit> NamespaceVisit::enter_new() {
  TRY(auto home, current_namespace());
  if (::unshare(CLONE_NEWNET) != 0) return os_error("make a network namespace");
  return NamespaceVisit(std::move(home));
}

NamespaceVisit::~NamespaceVisit() {
  if (!home_) return;
  check(::setns(home_.get(), CLONE_NEWNET) == 0, "cannot return to the own network namespace");
}

Result<void> write_setting(const std::string& name, std::string_view value) {
  return os::write_kernel_file("/proc/sys/net/" + name, value);
}

Result<std::string> read_setting(const std::string& name) {
  TRY(auto text, os::read_file("/proc/sys/net/" + name));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace proa::launcher::net
