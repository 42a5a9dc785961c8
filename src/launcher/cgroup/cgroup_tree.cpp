#include "launcher/cgroup/cgroup_tree.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <thread>

namespace proa::launcher {
namespace {

using std::filesystem::path;
using Clock = std::chrono::steady_clock;

/// Sleeps a little longer each time; false when the deadline is over.
class Pause {
 public:
  explicit Pause(SteadyTime deadline) : deadline_(deadline) {}
  bool wait() {
    if (Clock::now() >= deadline_) return false;
    std::this_thread::sleep_for(next_);
    next_ = std::min(next_ * 2, std::chrono::microseconds(5000));
    return true;
  }

 private:
  SteadyTime deadline_;
  std::chrono::microseconds next_{50};
};

/// Writes to a control file that not every kernel or hierarchy has; false when it is not there.
bool write_if_there(const path& file, std::string_view value) {
  return static_cast<bool>(os::write_kernel_file(file, value));
}

/// SIGKILL to `process`, but only if it is still in `folder`: its number may belong to another one
/// by now.
void kill_member(const path& folder, pid_t process) {
  if (process == ::getpid()) return;
  os::UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!handle) return;
  auto members = processes_in(folder);
  if (!members) return;
  if (std::find(members.value().begin(), members.value().end(), process) == members.value().end()) {
    return;
  }
  ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
}

/// One round over a tree; the folder that still has processes, or an empty path.
Result<path> kill_round(const path& top) {
  const auto folders = folders_below(top);
  if (folders.empty()) return path();
  // A frozen v1 process takes no signal, and a running one may fork while others are being killed:
  // freeze, signal, thaw.
  const bool is_killed = write_if_there(top / "cgroup.kill", "1");
  if (!is_killed) write_if_there(top / "freezer.state", "FROZEN");
  path populated;
  for (const auto& folder : folders) {
    TRY(const auto processes, processes_in(folder));
    if (!processes.empty()) populated = folder;
    if (is_killed) continue;
    for (const pid_t process : processes) kill_member(folder, process);
  }
  if (!is_killed) {
    for (const auto& folder : folders) write_if_there(folder / "freezer.state", "THAWED");
  }
  return populated;
}

}  // namespace

bool is_cgroup_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  return !text.empty() && text.size() <= 64 && text.front() != '.' && text.front() != '-' &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool has_file(const path& file) { return ::access(file.c_str(), F_OK) == 0; }

Result<std::string> read_line(const path& file) {
  TRY(auto text, os::read_file(file));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<void> write_and_check(const path& file, std::string_view value) {
  TRY(os::write_kernel_file(file, value));
  TRY(const auto read, read_line(file));
  if (read == value) return ok();
  return Error(Errc::os,
               file.string() + ": wrote '" + std::string(value) + "' but it reads '" + read + "'");
}

Result<std::vector<pid_t>> processes_in(const path& folder) {
  auto text = os::read_file(folder / "cgroup.procs");
  if (!text) {
    const int reason = text.error().os_errno();
    if (reason == ENOENT || reason == ENODEV) return std::vector<pid_t>();
    return text.error();
  }
  std::istringstream numbers(text.value());
  std::vector<pid_t> processes;
  for (pid_t process = 0; numbers >> process;) {
    if (process > 0) processes.push_back(process);
  }
  return processes;
}

std::vector<path> folders_below(const path& folder) {
  std::vector<path> folders;
  std::error_code failed;
  if (!std::filesystem::is_directory(folder, failed)) return folders;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code gone;
    if (!entry->is_directory(gone) || entry->is_symlink(gone)) continue;
    auto deeper = folders_below(entry->path());
    folders.insert(folders.end(), deeper.begin(), deeper.end());
  }
  folders.push_back(folder);
  return folders;
}

Result<void> kill_processes(const std::vector<path>& folders, SteadyTime deadline) {
  for (Pause pause(deadline);;) {
    path populated;
    for (const auto& folder : folders) {
      TRY(auto found, kill_round(folder));
      if (!found.empty()) populated = std::move(found);
    }
    if (populated.empty()) return ok();
    if (!pause.wait()) {
      return Error(Errc::deadline, populated.string() + " still has processes after SIGKILL");
    }
  }
}

Result<void> remove_folder(const path& top, SteadyTime deadline) {
  for (const auto& folder : folders_below(top)) {
    for (Pause pause(deadline); ::rmdir(folder.c_str()) != 0;) {
      if (errno == ENOENT) break;
      if (errno != EBUSY) return os_error("remove " + folder.string());
      if (!pause.wait()) {
        return Error(Errc::deadline, "remove " + folder.string() + ": still busy", EBUSY);
      }
    }
  }
  return ok();
}

}  // namespace proa::launcher
