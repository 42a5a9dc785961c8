// Processes in control groups and instance names, for tests with the real kernel files.
#pragma once

#include "launcher/cgroup/cgroup_backend.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>

namespace proa::launcher::test {

/// Instance names that no other run on this host has.
inline std::string fresh_instance() {
  static int count = 0;
  return "test" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

inline SteadyTime in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Asks again until it is true; false after 10 s.
inline bool becomes_true(const std::function<bool()>& condition) {
  for (const auto end = in(std::chrono::seconds(10)); !condition();) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// A process of the test; killed and reaped by the destructor. One that v1 holds frozen cannot die:
/// it is left to its control group after 2 s.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    const auto end = in(std::chrono::seconds(2));
    while (::waitpid(pid_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  pid_t pid() const { return pid_; }
  /// Wait status; the process is reaped.
  int wait() {
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

/// Starts `body` inside the control group as the spawn role does: into cgroup2 by clone3, into v1
/// by writing "0" itself. The body's value is the exit status; 99: could not enter.
inline std::unique_ptr<Child> start_in(const CgroupEntry& entry, const std::function<int()>& body) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  if (entry.cgroup2) {
    arguments.flags = CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(entry.cgroup2.get());
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid != 0) return std::make_unique<Child>(pid);
  for (const auto& tasks : entry.v1_tasks) {
    if (::write(tasks.get(), "0", 1) != 1) ::_exit(99);
  }
  ::_exit(body());
}

inline int sleep_for_ever() {
  for (;;) ::pause();
}

/// Touches `size` of new memory; 0 when it could.
inline int touch_memory(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  for (std::size_t at = 0; at < size; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  return 0;
}

/// Starts processes until one more is refused; how many there were.
inline int fork_until_refused() {
  for (int count = 0; count < 100; ++count) {
    const pid_t pid = ::fork();
    if (pid < 0) return count;
    if (pid == 0) sleep_for_ever();
  }
  return 100;
}

/// Limits that hinder no test.
inline CgroupLimits wide_limits() {
  return CgroupLimits::for_function(Bytes::mib(512), 512, 512, CpuPolicy::weight);
}

/// The real control groups of this host, as kind `GetParam()`.
class RealCgroups : public ::testing::TestWithParam<os::CgroupKind> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "control groups are made by root here";
    CgroupOptions options;
    options.instance = fresh_instance();
    options.only = GetParam();
    auto found = CgroupBackend::detect(options);
    if (!found) GTEST_SKIP() << found.error().message();
    backend_ = std::move(found).value();
  }

  std::unique_ptr<EnvironmentCgroup> make(const std::string& name) {
    auto made = backend_->create(name);
    EXPECT_TRUE(made) << made.error().message();
    return made ? std::move(made).value() : nullptr;
  }

  /// The daemon's end of `cgroup`, through the wire form of its files.
  static os::CgroupControl control_of(const EnvironmentCgroup& cgroup) {
    auto files = cgroup.daemon_files();
    EXPECT_TRUE(files) << files.error().message();
    return os::CgroupControl::open(std::move(files).value()).value();
  }

  std::unique_ptr<CgroupBackend> backend_;
};

inline std::string kind_name(const ::testing::TestParamInfo<os::CgroupKind>& kind) {
  return std::string(to_string(kind.param));
}

}  // namespace proa::launcher::test
