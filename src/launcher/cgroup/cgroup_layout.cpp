#include "launcher/cgroup/cgroup_layout.h"

#include "launcher/cgroup/cgroup_tree.h"
#include "os/file.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace proa::launcher {
namespace {

using std::filesystem::path;

// cpuset limits nothing by itself: environments of short calls are kept on one processor by it.
constexpr std::array<const char*, 4> kControllers = {"memory", "cpu", "pids", "cpuset"};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Undoes \040 and the like of mountinfo.
std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<void> make_folder(const path& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) return ok();
  return os_error("create " + folder.string());
}

/// Hands `controller` of cgroup2 folder `parent` to its children; the reason when that fails.
std::optional<std::string> enable(const path& parent, const std::string& controller) {
  const path file = parent / "cgroup.subtree_control";
  auto available = os::read_file(parent / "cgroup.controllers");
  if (!available) return available.error().message();
  if (!contains(words_of(available.value()), controller)) {
    return (parent / "cgroup.controllers").string() + " does not list it";
  }
  for (const bool is_second : {false, true}) {
    auto enabled = os::read_file(file);
    if (!enabled) return enabled.error().message();
    if (contains(words_of(enabled.value()), controller)) return std::nullopt;
    if (is_second) break;
    auto written = os::write_kernel_file(file, "+" + controller);
    if (!written) return written.error().message();
  }
  return file.string() + " does not take it";
}

}  // namespace

Result<void> fill_cpuset(const path& folder) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    TRY(const auto value, read_line(folder.parent_path() / name));
    TRY(os::write_kernel_file(folder / name, value));
  }
  // Without a scheduling domain of its own a change of cpuset.cpus costs 4 us and no rebuild.
  return os::write_kernel_file(folder / "cpuset.sched_load_balance", "0");
}

namespace {

/// Whether systemd or an administrator gave us this cgroup2 folder (systemd.resource-control(5),
/// Delegate=: the folder carries an extended attribute).
bool is_delegated(const path& folder) {
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    char value = '\0';
    if (::getxattr(folder.c_str(), name, &value, 1) == 1 && value == '1') return true;
  }
  return false;
}

/// Moves every process of `folder` into `leaf`, which is below it.
Result<void> move_processes(const path& folder, const path& leaf) {
  TRY(make_folder(leaf));
  // A process may fork between reading and moving; its child is seen in the next round.
  for (int round = 0; round < 16; ++round) {
    TRY(const auto processes, processes_in(folder));
    if (processes.empty()) return ok();
    for (const pid_t process : processes) {
      auto moved = os::write_kernel_file(leaf / "cgroup.procs", std::to_string(process));
      if (!moved && moved.error().os_errno() != ESRCH) return moved.error();
    }
  }
  return Error(Errc::os, folder.string() + " keeps getting new processes");
}

constexpr std::string_view kLeafEnd = ".self";

/// Out of the leaf that move_processes() put us into when the roles were started before.
path without_own_leaf(path folder) {
  const std::string name = folder.filename().string();
  return name.starts_with("proa-") && name.ends_with(kLeafEnd) ? folder.parent_path() : folder;
}

/// The cgroup2 folder of this process as this mount shows it; nothing when it lies outside.
std::optional<path> own_folder(const CgroupMount& mount, const std::string& own) {
  std::string_view inside = own;
  if (mount.root != "/") {
    if (!inside.starts_with(mount.root)) return std::nullopt;
    inside.remove_prefix(mount.root.size());
    if (!inside.empty() && inside.front() != '/') return std::nullopt;
  }
  if (inside.find("..") != std::string_view::npos) return std::nullopt;
  while (inside.starts_with('/')) inside.remove_prefix(1);
  return without_own_leaf(inside.empty() ? mount.point : mount.point / inside);
}

/// Where "proa-<instance>" may stand on a cgroup2-only host, ready to have children with limits.
/// The true root and a delegated folder (or a container's own root) are used directly; otherwise
/// the folder belongs to somebody else (a login session), and the mount's top is used, as other
/// container programs do without systemd.
Result<path> find_parent_v2(const CgroupMount& mount, const std::string& own,
                            CgroupLayout& layout) {
  const auto folder = own_folder(mount, own);
  // Only a folder that is not the true root has this file.
  const auto is_true_root = [](const path& at) { return !has_file(at / "cgroup.type"); };
  const bool is_ours = folder && (is_delegated(*folder) || *folder == mount.point);
  const path parent = is_ours ? *folder : mount.point;
  if (!is_ours) {
    layout.notes.push_back(
        "the control group of this process is not delegated: environments are placed in " +
        (parent / instance_folder_name(layout.instance)).string() +
        "; a systemd unit with Delegate=yes is cleaner");
  }
  if (!is_true_root(parent)) {
    const std::string leaf = instance_folder_name(layout.instance) + std::string(kLeafEnd);
    TRY(move_processes(parent, parent / leaf));
  }
  return parent;
}

/// The instance's folder on cgroup2 for kind v2, with as many controllers as can be had.
Result<CgroupLayout> lay_out_v2(const CgroupMount& mount, const LayoutSearch& search) {
  CgroupLayout layout;
  layout.kind = os::CgroupKind::v2;
  layout.instance = search.instance;
  TRY(const auto text, os::read_file(search.proc_self / "cgroup"));
  const auto own = parse_own_cgroup2(text);
  if (!own) return Error(Errc::unsupported, "this process is in no cgroup2");
  TRY(const path parent, find_parent_v2(mount, *own, layout));
  const path folder = parent / instance_folder_name(search.instance);
  TRY(make_folder(folder));
  for (const char* controller : kControllers) {
    auto reason = enable(parent, controller);
    if (!reason) reason = enable(folder, controller);
    if (reason) layout.missing[controller] = *reason;
  }
  layout.cgroup2 = folder;
  return layout;
}

/// Version 1 folders, with `cgroup2` beside them if that can freeze and kill.
Result<CgroupLayout> lay_out_v1(const std::vector<CgroupMount>& mounts, const CgroupMount* cgroup2,
                                const LayoutSearch& search) {
  CgroupLayout layout;
  layout.kind = cgroup2 != nullptr ? os::CgroupKind::hybrid : os::CgroupKind::v1;
  layout.instance = search.instance;
  const std::string name = instance_folder_name(search.instance);
  if (cgroup2 != nullptr) {
    const path folder = cgroup2->point / name;
    TRY(make_folder(folder));
    if (!has_file(folder / "cgroup.kill") || !has_file(folder / "cgroup.freeze")) {
      std::error_code ignored;
      std::filesystem::remove(folder, ignored);
      return Error(Errc::unsupported, folder.string() + " has no cgroup.kill (Linux 5.14)");
    }
    layout.cgroup2 = folder;
  }
  std::vector<std::string> wanted(kControllers.begin(), kControllers.end());
  if (cgroup2 == nullptr) wanted.insert(wanted.end(), {"freezer", "cpuacct"});
  for (const auto& controller : wanted) {
    const auto mount = std::find_if(
        mounts.begin(), mounts.end(),
        [&](const CgroupMount& candidate) { return contains(candidate.controllers, controller); });
    if (mount == mounts.end()) {
      layout.missing[controller] = "no v1 hierarchy with it is mounted";
      continue;
    }
    auto made = make_folder(mount->point / name);
    if (made && controller == "cpuset") made = fill_cpuset(mount->point / name);
    if (made) {
      layout.v1[controller] = mount->point / name;
    } else {
      layout.missing[controller] = made.error().message();
    }
  }
  if (layout.v1.empty()) return Error(Errc::unsupported, "no v1 controller can be used");
  return layout;
}

/// Tries one kind. A failure says why this host does not have it.
Result<CgroupLayout> try_kind(os::CgroupKind kind, const std::vector<CgroupMount>& mounts,
                              const LayoutSearch& search) {
  const auto v2 = std::find_if(mounts.begin(), mounts.end(),
                               [](const CgroupMount& mount) { return mount.is_v2; });
  const CgroupMount* cgroup2 = v2 == mounts.end() ? nullptr : &*v2;
  if (kind != os::CgroupKind::v1 && cgroup2 == nullptr) {
    return Error(Errc::unsupported, "no cgroup2 is mounted");
  }
  if (kind == os::CgroupKind::hybrid) return lay_out_v1(mounts, cgroup2, search);
  if (kind == os::CgroupKind::v1) return lay_out_v1(mounts, nullptr, search);
  // The hierarchy that has the memory controller decides between v2 and hybrid.
  TRY(const auto controllers, os::read_file(cgroup2->point / "cgroup.controllers"));
  if (!contains(words_of(controllers), "memory")) {
    return Error(Errc::unsupported,
                 (cgroup2->point / "cgroup.controllers").string() + " does not list memory");
  }
  return lay_out_v2(*cgroup2, search);
}

}  // namespace

std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo) {
  // 36 35 98:0 ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER_OPTIONS
  std::vector<CgroupMount> mounts;
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    const auto separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    const auto before = words_of(line.substr(0, separator));
    const auto after = words_of(line.substr(separator + 3));
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    CgroupMount mount;
    mount.is_v2 = after[0] == "cgroup2";
    mount.root = unescape(before[3]);
    mount.point = unescape(before[4]);
    if (!mount.is_v2) {
      std::istringstream options(after[2]);
      for (std::string option; std::getline(options, option, ',');) {
        mount.controllers.push_back(option);
      }
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::optional<std::string> parse_own_cgroup2(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::/")) return line.substr(3);
  }
  return std::nullopt;
}

std::string instance_folder_name(std::string_view instance) {
  return "proa-" + std::string(instance);
}

std::optional<path> CgroupLayout::folder_of(const std::string& controller) const {
  if (missing.contains(controller)) return std::nullopt;
  if (kind == os::CgroupKind::v2) return cgroup2;
  const auto found = v1.find(controller);
  if (found == v1.end()) return std::nullopt;
  return found->second;
}

std::vector<path> CgroupLayout::folders() const {
  std::vector<path> folders;
  if (cgroup2) folders.push_back(*cgroup2);
  for (const auto& [controller, folder] : v1) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      folders.push_back(folder);
    }
  }
  return folders;
}

Result<CgroupLayout> find_layout(const LayoutSearch& search) {
  TRY(const auto mountinfo, os::read_file(search.proc_self / "mountinfo"));
  const auto mounts = parse_cgroup_mounts(mountinfo);
  CgroupLayout none;
  none.instance = search.instance;
  for (const auto kind : {os::CgroupKind::v2, os::CgroupKind::hybrid, os::CgroupKind::v1}) {
    if (search.only && *search.only != kind) continue;
    auto found = try_kind(kind, mounts, search);
    if (found) {
      found.value().notes.insert(found.value().notes.begin(), none.notes.begin(), none.notes.end());
      return found;
    }
    none.notes.push_back("no " + std::string(to_string(kind)) + ": " + found.error().message());
    if (search.only) {
      return found.error().with_context("control groups of kind " + std::string(to_string(kind)));
    }
  }
  for (const char* controller : kControllers) none.missing[controller] = "no control groups";
  return none;
}

}  // namespace proa::launcher
