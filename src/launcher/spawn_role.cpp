#include "launcher/spawn_role.h"

#include "launcher/code_mount.h"
#include "launcher/guest_command.h"
#include "launcher/guest_files.h"
#include "launcher/rootfs.h"
#include "os/file.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proa::launcher {
namespace {

std::string tree_name(const TreeId& id) { return {id.data(), id.size()}; }

constexpr const char* kQemuInStage = "/guest/usr/bin/qemu-system-x86_64";

std::string text_of(SlotId id) {
  return "slot " + std::to_string(id.index) + "." + std::to_string(id.generation);
}

Result<std::uint64_t> size_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return os_error("size of a guest's disk");
  return static_cast<std::uint64_t>(status.st_size);
}

Error stale(SlotId id) { return Error(Errc::not_found, text_of(id) + " is not ready"); }

template <class Request>
Done done_of(const Request& request) {
  Done done;
  done.request = request.request;
  done.slot = request.slot;
  return done;
}

}  // namespace

Result<SpawnRole> SpawnRole::create(std::vector<os::UniqueFd> daemon, os::UniqueFd pool,
                                    std::optional<Ed25519Public> kernel_key) {
  SpawnRole role(kernel_key);
  role.daemon_ = std::move(daemon);
  role.pool_ = std::move(pool);
  TRY(auto filter, build_sandbox_filter());
  role.filter_ = std::move(filter);
  TRY(auto null_device, os::open_file("/env/dev/null", O_RDWR));
  role.null_device_ = std::move(null_device);
  TRY(auto code, os::open_file("/code", O_PATH | O_DIRECTORY));
  role.code_folder_ = std::move(code);
  TRY(auto kernels, os::open_file("/kernels", O_PATH | O_DIRECTORY));
  role.kernels_folder_ = std::move(kernels);
  TRY(auto images, os::open_file("/images", O_PATH | O_DIRECTORY));
  role.images_folder_ = std::move(images);
  role.container_root_ = ChildRoot::at("/env", true);
  role.guest_root_ = ChildRoot::at("/guest", false);
  sigset_t child_only;
  ::sigemptyset(&child_only);
  ::sigaddset(&child_only, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_only, nullptr);
  role.child_signals_.reset(::signalfd(-1, &child_only, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!role.child_signals_) return os_error("signalfd");
  role.self_.reset(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!role.self_) return os_error("pidfd_open");
  return role;
}

void SpawnRole::run() {
  for (;;) {
    std::vector<pollfd> polled;
    polled.push_back({child_signals_.get(), POLLIN, 0});
    polled.push_back({pool_.get(), POLLIN, 0});
    bool has_daemon = false;
    for (const os::UniqueFd& connection : daemon_) {
      polled.push_back({connection.get(), POLLIN, 0});  // a closed one is -1: ignored by poll
      has_daemon = has_daemon || connection;
    }
    if (!has_daemon) return;
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (polled[0].revents != 0) reap();
    // Pool first: a SlotReady is sent before the daemon can ask for that slot.
    if (polled[1].revents != 0 && !serve_pool()) return;
    for (std::size_t i = 0; i < daemon_.size(); ++i) {
      if (polled[i + 2].revents != 0) serve_daemon(i);
    }
  }
}

bool SpawnRole::serve_pool() {
  auto message = os::receive_message(pool_.get());
  if (!message) return false;
  auto request = decode_request(message.value().bytes);
  if (!request) return false;
  if (const auto* ready = std::get_if<SlotReady>(&request.value())) {
    slot_ready(*ready, std::move(message.value().fds));
  } else if (const auto* gone = std::get_if<SlotGone>(&request.value())) {
    if (Slot* slot = find(gone->slot)) {
      // Killed by its cgroup already; its exit is still to be reaped and reported.
      if (slot->is_started) {
        slot->tmp.reset();
        ::kill(slot->child.pid, SIGKILL);
      } else {
        slots_.erase(gone->slot.index);
      }
    }
  }
  return true;
}

void SpawnRole::slot_ready(const SlotReady& message, std::vector<os::UniqueFd> fds) {
  if (fds.size() != 3U + message.has_tap + message.has_cgroup2 + message.cgroup_fds) return;
  Slot slot;
  slot.id = message.slot;
  slot.user_namespace = std::move(fds[0]);
  slot.network_namespace = std::move(fds[1]);
  slot.tmp = std::move(fds[2]);
  slot.use = message.use;
  slot.has_ipv6 = message.has_ipv6 != 0;
  std::size_t next = 3;
  if (message.has_tap != 0) slot.tap = std::move(fds[next++]);
  if (message.has_cgroup2 != 0) slot.cgroup2 = std::move(fds[next++]);
  for (; next < fds.size(); ++next) slot.cgroup_tasks.push_back(std::move(fds[next]));
  slots_.insert_or_assign(message.slot.index, std::move(slot));
}

void SpawnRole::serve_daemon(std::size_t connection) {
  auto message = os::receive_message(daemon_[connection].get());
  if (!message) {
    daemon_[connection].reset();
    for (auto& [index, slot] : slots_) {
      if (slot.is_started && slot.owner == connection) ::kill(slot.child.pid, SIGKILL);
    }
    return;
  }
  auto request = decode_request(message.value().bytes);
  if (!request) {
    reply(connection, make_failed(0, request.error()));
    return;
  }
  const auto answer = [&](std::uint64_t number, const Result<void>& result) {
    if (!result) reply(connection, make_failed(number, result.error()));
  };
  if (const auto* begin = std::get_if<StartSandbox>(&request.value())) {
    answer(begin->request, start(connection, *begin));
  } else if (const auto* guest = std::get_if<StartGuest>(&request.value())) {
    answer(guest->request, start_guest(connection, *guest, std::move(message.value().fds)));
  } else if (const auto* code = std::get_if<AdoptCode>(&request.value())) {
    answer(code->request, adopt(connection, *code));
  } else if (const auto* root = std::get_if<AdoptRoot>(&request.value())) {
    answer(root->request, adopt(connection, *root));
  } else if (const auto* end = std::get_if<KillSandbox>(&request.value())) {
    kill(connection, end->slot);
  } else {
    reply(connection, make_failed(0, Error(Errc::invalid, "request is not for the spawn role")));
  }
}

Result<SpawnRole::Slot*> SpawnRole::unstarted(SlotId id, SlotUse use) {
  // The pool role's message may still wait in its socket: it was sent before the daemon was told.
  while (find(id) == nullptr) {
    pollfd waiting{pool_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0 || !serve_pool()) return stale(id);
  }
  Slot* slot = find(id);
  if (slot->is_started) return Error(Errc::conflict, "slot is started already");
  if (slot->use != use) {
    const char* what = use == SlotUse::guest ? " is a container's" : " is a guest's";
    return Error(Errc::conflict, text_of(id) + what);
  }
  return slot;
}

Result<void> SpawnRole::run_in(Slot& slot, std::size_t connection, ChildPlan plan) {
  plan.role = self_.get();
  plan.cgroup2_directory = slot.cgroup2.get();
  for (const os::UniqueFd& tasks : slot.cgroup_tasks) plan.cgroup_task_files.push_back(tasks.get());
  plan.user_namespace = slot.user_namespace.get();
  plan.network_namespace = slot.network_namespace.get();
  plan.tmp_mount = slot.tmp.get();
  plan.filter = &filter_;
  TRY(auto child, clone_child(plan));
  slot.child = std::move(child);
  slot.is_started = true;
  slot.owner = connection;
  // Held no longer than needed: a held namespace keeps its links, a held mount its disk.
  slot.network_namespace.reset();
  slot.tap.reset();
  slot.cgroup2.reset();
  slot.cgroup_tasks.clear();
  return ok();
}

Result<void> SpawnRole::start(std::size_t connection, const StartSandbox& request) {
  TRY(Slot * slot, unstarted(request.slot, SlotUse::container));
  TRY(auto control, os::stream_pair());
  ChildProgram program;
  program.arguments = {"/var/runtime/proa-init", nullptr};
  const int none = null_device_.get();
  program.descriptors = {none, none, none, control.second.get()};
  ChildPlan plan;
  plan.root = &container_root_;
  plan.program = &program;
  TRY(run_in(*slot, connection, std::move(plan)));
  const int fd = control.first.get();
  reply(connection, done_of(request), std::span(&fd, 1));
  return ok();
}

Result<void> SpawnRole::start_guest(std::size_t connection, const StartGuest& request,
                                    std::vector<os::UniqueFd> fds) {
  TRY(Slot * slot, unstarted(request.slot, SlotUse::guest));
  if (::access(kQemuInStage, X_OK) != 0) {
    return Error(Errc::unsupported, "qemu-system-x86_64 is not installed on this host");
  }
  TRY(const auto files, open_guest_files(request, kernels_folder_.get(), images_folder_.get()));
  TRY(kernel_check_.check(request.kernel, files));
  const bool is_own = request.memory == GuestMemory::own;
  if (fds.size() != (is_own ? 0U : 1U)) {
    return Error(Errc::invalid, "a guest's memory file is missing or not wanted");
  }
  if (!is_own) {
    TRY(check_memory_file(fds.front().get(), request));
  }
  TRY(const auto tmp_size, size_of(slot->tmp.get()));
  std::pair<os::UniqueFd, os::UniqueFd> monitor;
  if (!is_own) {
    TRY(monitor, os::stream_pair());
  }
  TRY(auto port, os::stream_pair());
  TRY(auto console, os::stream_pair());
  const std::vector<std::string> words =
      guest_command(request, {static_cast<bool>(slot->tap), slot->has_ipv6});
  ChildProgram program;
  for (const std::string& word : words) program.arguments.push_back(word.c_str());
  program.arguments.push_back(nullptr);
  // In the order of GuestDescriptor. What QEMU has to say goes where the guest's console does.
  program.descriptors = {-1,
                         -1,
                         console.second.get(),
                         port.second.get(),
                         console.second.get(),
                         files.kernel.get(),
                         files.initrd.get(),
                         slot->tmp.get(),
                         slot->tap.get(),
                         files.root.get(),
                         files.code.get(),
                         files.layers.get(),
                         is_own ? -1 : fds.front().get(),
                         monitor.second.get()};
  std::ranges::replace(program.descriptors, -1, null_device_.get());
  program.uid = kFunctionUid;
  program.gid = kFunctionGid;
  program.file_bytes_max = tmp_size;  // the host's disk is not the guest's
  const std::uint32_t has_ipv6 = slot->has_ipv6 ? 1 : 0;
  ChildPlan plan;
  plan.root = &guest_root_;
  plan.program = &program;
  TRY(run_in(*slot, connection, std::move(plan)));
  Done done = done_of(request);
  done.detail = has_ipv6;
  const std::array<int, 3> ends{port.first.get(), console.first.get(), monitor.first.get()};
  reply(connection, done, std::span(ends).first(is_own ? 2 : 3));
  return ok();
}

Result<os::UniqueFd> SpawnRole::inside_of(std::size_t connection, SlotId id) {
  Slot* slot = find(id);
  if (slot == nullptr || !slot->is_started || slot->owner != connection) return stale(id);
  return take_mount_namespace(slot->child);
}

Result<void> SpawnRole::adopt(std::size_t connection, const AdoptCode& request) {
  std::vector<std::string> layers;
  for (std::size_t i = 0; i < request.layer_count; ++i)
    layers.push_back(tree_name(request.layers[i]));
  TRY(auto space, inside_of(connection, request.slot));
  TRY(mount_code(space.get(), code_folder_.get(), tree_name(request.code), layers));
  if (request.has_root != 0) {
    TRY(mount_root(space.get(), code_folder_.get(), tree_name(request.root), true));
  }
  reply(connection, done_of(request));
  return ok();
}

Result<void> SpawnRole::adopt(std::size_t connection, const AdoptRoot& request) {
  TRY(auto space, inside_of(connection, request.slot));
  TRY(mount_root(space.get(), code_folder_.get(), tree_name(request.root), false));
  reply(connection, done_of(request));
  return ok();
}

void SpawnRole::kill(std::size_t connection, SlotId id) {
  Slot* slot = find(id);
  if (slot != nullptr && slot->is_started && slot->owner == connection)
    ::kill(slot->child.pid, SIGKILL);
}

void SpawnRole::reap() {
  signalfd_siginfo drained{};
  while (::read(child_signals_.get(), &drained, sizeof drained) > 0) {
  }
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const auto& entry) {
      return entry.second.is_started && entry.second.child.pid == pid;
    });
    if (slot == slots_.end()) continue;
    report_exit(slot->second, status);
    slots_.erase(slot);
  }
}

void SpawnRole::report_exit(Slot& slot, int wait_status) {
  Exited exited;
  exited.slot = slot.id;
  exited.wait_status = wait_status;
  const StartFailure failure = take_failure(slot.child);
  exited.start_step = failure.step;
  exited.start_errno = failure.os_errno;
  reply(slot.owner, exited);
}

void SpawnRole::reply(std::size_t connection, const Reply& message, std::span<const int> fds) {
  if (!daemon_[connection]) return;
  const std::string bytes = encode(message);
  // Blocks while the daemon does not read: it alone suffers from that.
  if (!os::send_message(daemon_[connection].get(), std::as_bytes(std::span(bytes)), fds)) {
    ::shutdown(daemon_[connection].get(), SHUT_RDWR);
  }
}

SpawnRole::Slot* SpawnRole::find(SlotId id) {
  const auto slot = slots_.find(id.index);
  return slot != slots_.end() && slot->second.id == id ? &slot->second : nullptr;
}

}  // namespace proa::launcher
