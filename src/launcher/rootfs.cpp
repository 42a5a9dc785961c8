#include "launcher/rootfs.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>

namespace proa::launcher {
namespace {

namespace fs = std::filesystem;

Result<void> mount_tmpfs(const fs::path& target, unsigned long flags, const char* options) {
  if (::mount("proa", target.c_str(), "tmpfs", flags, options) != 0) {
    return os_error("mount tmpfs on " + target.string());
  }
  return ok();
}

Result<void> bind(const fs::path& source, const fs::path& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return os_error("bind " + source.string() + " on " + target.string());
  }
  return ok();
}

Result<void> set_read_only(const fs::path& target, std::uint64_t attributes, unsigned flags) {
  mount_attr attr{};
  attr.attr_set = attributes | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  if (::mount_setattr(AT_FDCWD, target.c_str(), flags, &attr, sizeof attr) != 0) {
    return os_error("make " + target.string() + " read-only");
  }
  return ok();
}

Result<void> make_folders(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return os_error("create " + folder.string(), failed.value());
  return ok();
}

Result<void> make_link(const std::string& target, const fs::path& link) {
  if (::symlink(target.c_str(), link.c_str()) != 0) return os_error("link " + link.string());
  return ok();
}

Result<void> write_file(const fs::path& path, std::string_view text, mode_t mode) {
  TRY(make_folders(path.parent_path()));
  TRY(auto fd, os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  TRY(os::write_fully(fd.get(), text, path.string()));
  if (::fchmod(fd.get(), mode) != 0) return os_error("chmod " + path.string());
  return ok();
}

// Copies a regular file if it exists; a host without it is not an error.
Result<void> copy_if_present(const fs::path& source, const fs::path& target) {
  auto text = os::read_file(source);
  if (!text) {
    if (text.error().code() == Errc::not_found) return ok();
    return text.error();
  }
  return write_file(target, text.value(), 0644);
}

// Certificates: links (into /usr/share/ca-certificates or among each other) as links, files only
// when they hold a certificate and no key. A server's private key must never get in.
Result<void> copy_certificates(const fs::path& source, const fs::path& target) {
  std::error_code failed;
  TRY(make_folders(target));
  for (const auto& entry : fs::directory_iterator(source, failed)) {
    const auto name = entry.path().filename();
    if (entry.is_symlink(failed)) {
      const auto destination = fs::read_symlink(entry.path(), failed);
      const bool is_public = destination.is_relative() || destination.string().starts_with("/usr/");
      if (!failed && is_public) {
        TRY(make_link(destination.string(), target / name));
      }
      continue;
    }
    if (!entry.is_regular_file(failed)) continue;
    auto text = os::read_file(entry.path());
    if (!text) continue;
    const bool is_certificate =
        text.value().find("-----BEGIN CERTIFICATE-----") != std::string::npos;
    if (!is_certificate || text.value().find("PRIVATE KEY") != std::string::npos) continue;
    TRY(write_file(target / name, text.value(), 0644));
  }
  return ok();
}

// About 150 commands in /usr/bin are links through /etc/alternatives.
Result<void> copy_links(const fs::path& source, const fs::path& target) {
  std::error_code failed;
  TRY(make_folders(target));
  for (const auto& entry : fs::directory_iterator(source, failed)) {
    if (!entry.is_symlink(failed)) continue;
    const auto destination = fs::read_symlink(entry.path(), failed);
    if (!failed) {
      TRY(make_link(destination.string(), target / entry.path().filename()));
    }
  }
  return ok();
}

Result<void> build_etc(const fs::path& etc, const std::string& resolv_conf) {
  TRY(make_folders(etc));
  for (const auto& [name, text] : generated_etc(resolv_conf)) {
    TRY(write_file(etc / name, text, 0644));
  }
  for (const char* name : {"ld.so.cache", "ld.so.conf", "mime.types", "protocols", "services",
                           "rpc", "gai.conf", "host.conf", "debian_version", "ssl/openssl.cnf"}) {
    TRY(copy_if_present(fs::path("/etc") / name, etc / name));
  }
  TRY(copy_certificates("/etc/ssl/certs", etc / "ssl/certs"));
  TRY(copy_links("/etc/alternatives", etc / "alternatives"));
  TRY(make_link("/usr/share/zoneinfo/Etc/UTC", etc / "localtime"));
  TRY(make_link("../usr/lib/os-release", etc / "os-release"));
  return make_link("/proc/self/mounts", etc / "mtab");
}

Result<void> make_device(const fs::path& path, unsigned major_number, unsigned minor_number) {
  if (::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(major_number, minor_number)) != 0 ||
      ::chmod(path.c_str(), 0666) != 0) {
    return os_error("make device " + path.string());
  }
  return ok();
}

Result<void> build_dev(const fs::path& dev) {
  TRY(make_folders(dev));
  TRY(mount_tmpfs(dev, MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"));
  TRY(make_device(dev / "null", 1, 3));
  TRY(make_device(dev / "zero", 1, 5));
  TRY(make_device(dev / "full", 1, 7));
  TRY(make_device(dev / "random", 1, 8));
  TRY(make_device(dev / "urandom", 1, 9));
  TRY(make_link("/proc/self/fd", dev / "fd"));
  TRY(make_link("/proc/self/fd/0", dev / "stdin"));
  TRY(make_link("/proc/self/fd/1", dev / "stdout"));
  return make_link("/proc/self/fd/2", dev / "stderr");
}

// The host's /usr, without what the host's administrator installed beside the distribution: those
// folders would shadow a function's own packages.
Result<void> build_usr(const fs::path& root) {
  TRY(make_folders(root / "usr"));
  TRY(bind("/usr", root / "usr"));
  TRY(set_read_only(root / "usr", MOUNT_ATTR_NODEV, 0));
  const fs::path empty = root / "mnt";
  std::error_code failed;
  for (const char* hidden : {"usr/local", "usr/lib/python3/dist-packages"}) {
    if (!fs::is_directory(root / hidden, failed)) continue;
    TRY(bind(empty, root / hidden));
    TRY(set_read_only(root / hidden, MOUNT_ATTR_NODEV, 0));
  }
  for (const char* name : {"bin", "sbin", "lib", "lib64", "lib32", "libx32"}) {
    const fs::path host = fs::path("/") / name;
    if (!fs::exists(fs::symlink_status(host, failed))) continue;
    const auto destination = fs::read_symlink(host, failed);
    if (failed) {
      return Error(Errc::unsupported,
                   host.string() + " is not a link into /usr: Proa needs a merged /usr");
    }
    TRY(make_link(destination.string(), root / name));
  }
  return ok();
}

// Only what an interpreter runs from is shown, and its parent folders stay ours: it may live in a
// home that nobody else may enter.
Result<void> bind_mount(const fs::path& source, const fs::path& target) {
  // Sources in a home could be replaced by a link after they were found: no link is followed.
  TRY(const auto root, os::open_file("/", O_PATH | O_DIRECTORY));
  auto opened = os::open_beneath(root.get(), source.relative_path().string(), O_PATH);
  if (!opened) return opened.error().with_context("mount " + source.string());
  struct stat status {};
  if (::fstat(opened.value().get(), &status) != 0) return os_error("stat " + source.string());
  if (S_ISDIR(status.st_mode)) {
    TRY(make_folders(target));
  } else {
    TRY(write_file(target, "", 0644));
  }
  const fs::path handle = "/proc/self/fd/" + std::to_string(opened.value().get());
  TRY(bind(handle, target));
  return set_read_only(target, MOUNT_ATTR_NODEV, 0);
}

Result<void> bind_mounts(const RootfsOptions& options) {
  for (const HostMount& mount : options.mounts) {
    const fs::path source = mount.source.empty() ? options.root / "mnt" : mount.source;
    TRY(bind_mount(source, options.root / mount.target));
  }
  return ok();
}

Result<void> copy_runtimes(const RootfsOptions& options) {
  std::error_code failed;
  const fs::path target = options.root / "var/runtime";
  fs::copy(options.runtimes_folder, target,
           fs::copy_options::recursive | fs::copy_options::overwrite_existing, failed);
  if (failed) return os_error("copy " + options.runtimes_folder.string(), failed.value());
  for (const auto& entry : fs::recursive_directory_iterator(target, failed)) {
    const bool is_folder = entry.is_directory(failed);
    const bool is_program =
        (entry.status(failed).permissions() & fs::perms::owner_exec) != fs::perms::none;
    if (::chmod(entry.path().c_str(), is_folder || is_program ? 0755 : 0644) != 0) {
      return os_error("chmod " + entry.path().string());
    }
  }
  TRY(auto init, os::read_file(options.init_program));
  return write_file(target / "proa-init", init, 0755);
}

}  // namespace

std::map<std::string, std::string> generated_etc(const std::string& resolv_conf) {
  return {
      {"passwd",
       "root:x:0:0:root:/root:/sbin/nologin\n"
       "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
       "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"},
      {"group", "root:x:0:\nsbx_user1051:x:990:\nnogroup:x:65534:\n"},
      {"hosts",
       "127.0.0.1 localhost sandbox.localdomain sandbox\n"
       "::1 localhost ip6-localhost ip6-loopback\n"},
      {"nsswitch.conf",
       "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
       "protocols: files\nservices: files\n"},
      {"resolv.conf", resolv_conf},
  };
}

Result<void> build_guest_root(const fs::path& root) {
  TRY(mount_tmpfs(root, MS_NOSUID | MS_NODEV, "mode=0755,size=1m"));
  for (const char* folder : {"mnt", "proc", "tmp", "etc", "dev"}) {
    TRY(make_folders(root / folder));
  }
  TRY(mount_tmpfs(root / "dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k"));
  TRY(make_device(root / "dev/null", 1, 3));
  struct stat kvm {};
  if (::stat("/dev/kvm", &kvm) == 0 && S_ISCHR(kvm.st_mode)) {
    TRY(make_device(root / "dev/kvm", major(kvm.st_rdev), minor(kvm.st_rdev)));
  }
  TRY(copy_if_present("/etc/ld.so.cache", root / "etc/ld.so.cache"));
  TRY(build_usr(root));
  TRY(set_read_only(root / "dev", MOUNT_ATTR_NOEXEC, 0));
  return set_read_only(root, MOUNT_ATTR_NODEV, 0);
}

Result<void> build_rootfs(const RootfsOptions& options) {
  const fs::path& root = options.root;
  TRY(mount_tmpfs(root, MS_NOSUID | MS_NODEV, "mode=0755,size=64m"));
  // Mount points of later steps stand here empty: a parked interpreter remembers what is missing.
  for (const char* folder : {"mnt", "proc", "sys", "tmp", "opt", "home", "root", "run", "etc",
                             "var/task", "var/runtime", "var/lang", "var/tmp"}) {
    TRY(make_folders(root / folder));
  }
  TRY(build_etc(root / "etc", options.resolv_conf));
  TRY(build_dev(root / "dev"));
  TRY(copy_runtimes(options));
  TRY(build_usr(root));
  // ES modules know no NODE_PATH: they look into the node_modules of the folders above /var/task.
  // So these two put layers and then the bundled packages after the function's own.
  TRY(make_link("/opt/nodejs/node_modules", root / "var/node_modules"));
  TRY(make_link("/var/runtime/node_modules", root / "node_modules"));
  TRY(bind_mounts(options));
  TRY(set_read_only(root / "dev", MOUNT_ATTR_NOEXEC, 0));
  return set_read_only(root, MOUNT_ATTR_NODEV, 0);
}

}  // namespace proa::launcher
