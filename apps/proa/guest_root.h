// What a machine's root is made of on this host, and whether that has changed.
#pragma once

#include "environment/environment.h"

#include <filesystem>
#include <string>
#include <vector>

namespace proa::apps {

/// A value; state() is called on any thread.
class GuestRoot {
 public:
  /// `folders` are those that containers see beside /usr: bootstraps, bundled packages.
  /// `resolv_conf` is the text of theirs.
  GuestRoot(const std::vector<environment::Interpreter>& interpreters,
            const std::vector<std::filesystem::path>& folders, const std::string& resolv_conf);

  /// Paths inside of those that the root of a function with this one has: those of the
  /// distribution, as in /usr, and its own.
  std::vector<std::string> interpreters_for(const std::string& interpreter) const;
  /// Something else whenever the root's files may have changed: packages of the host were installed
  /// or upgraded, or the daemon began with other interpreters. Blocks for two system calls.
  std::string state() const;

 private:
  std::vector<std::string> in_usr_;
  std::string fixed_;  ///< what was there at the start, as the launcher has shown it since
};

}  // namespace proa::apps
