// Folders and a configuration that a stage can be made of, with a small script as proa-init.
#pragma once

#include "launcher/config.h"
#include "launcher/instance.h"
#include "unit/launcher/cgroup_fixture.h"
#include "unit/launcher/own_process.h"

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

namespace proa::launcher::test {

/// Stands in for proa-init: obeys lines of its control link, "say FILE" (answers with its content,
/// or "-") and "exit STATUS". At the end of the link it ends with status 0.
inline constexpr const char* kInitScript =
    "#!/bin/sh\n"
    "exec <&3\n"
    "while read -r word rest; do\n"
    "  case $word in\n"
    "    say) cat \"$rest\" >&3 2>/dev/null || echo - >&3 ;;\n"
    "    exit) exit \"$rest\" ;;\n"
    "  esac\n"
    "done\n";

/// A test with the folders of one daemon; skipped without root.
class StagedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    folder_.put("runtimes/python/bootstrap.py", "bootstrap");
    folder_.put("init", kInitScript);
    std::filesystem::create_directories(folder_.path() / "data/code");
    std::filesystem::create_directories(folder_.path() / "data/disks");
    std::filesystem::create_directories(folder_.path() / "data/kernels");
    std::filesystem::create_directories(folder_.path() / "data/images");
    std::filesystem::create_directories(stage());
    config_.run_folder = folder_.path() / "run";
    config_.data_folder = folder_.path() / "data";
    config_.runtimes_folder = folder_.path() / "runtimes";
    config_.init_program = folder_.path() / "init";
    config_.uplink = UplinkMode::none;
    config_.spare_slots = 1;
    config_.max_slots = 2;
  }

  std::filesystem::path stage() const { return folder_.path() / "stage"; }
  /// A code tree called `letter` 64 times, with one file.
  void put_tree(char letter, const std::string& name, const std::string& text) const {
    folder_.put("data/code/" + std::string(64, letter) + "/" + name, text);
  }

  // Not below /tmp, which may be a tmpfs: the disks are of a file system that has holes.
  OwnFolder folder_{"/var/tmp"};
  LauncherConfig config_;
};

/// Why no pool role can be made here; nothing when one can.
inline std::optional<std::string> pool_role_obstacle() {
  if (::access("/dev/loop-control", R_OK | W_OK) != 0) return "no /dev/loop-control";
  CgroupOptions options;
  options.instance = fresh_instance();
  const auto found = CgroupBackend::detect(options);
  if (!found) return found.error().message();
  return std::nullopt;
}

/// An instance number that no daemon of this host has: the lowest ones are theirs, in another run
/// folder. Number and locks end with the object.
class HighInstance {
 public:
  explicit HighInstance(const std::filesystem::path& run_folder) {
    const std::uint32_t wanted = 40 + static_cast<std::uint32_t>(::getpid()) % 20;
    for (;;) {
      auto next = Instance::acquire(run_folder).value();
      if (next.number() >= wanted) {
        instance_.push_back(std::move(next));
        break;
      }
      below_.push_back(std::move(next));
    }
  }
  HighInstance(const HighInstance&) = delete;
  HighInstance& operator=(const HighInstance&) = delete;
  ~HighInstance() {
    for (auto* all : {&below_, &instance_}) {
      for (Instance& each : *all) each.give_back();
    }
  }
  Instance& get() { return instance_.front(); }
  const Instance& get() const { return instance_.front(); }

 private:
  std::vector<Instance> below_;
  std::vector<Instance> instance_;  ///< one
};

}  // namespace proa::launcher::test
