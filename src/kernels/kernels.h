// Guest kernels: what microVMs boot, stored in DATA/kernels.
//
// Nouns: Kernel (a folder named by its content: what QEMU boots, the initrd that loads its modules,
// and a Manifest), KernelStore (lists, finds, verifies, removes and adds them), stock kernel
// (Debian's cloud kernel, downloaded and unpacked, never installed, and an initrd of ours around
// proa-init). `api` calls the store, apps/proa builds it; what it holds is for microVMs. Everything
// blocks, so nothing of it runs on a shard. Long documents: docs/guides/kernels.md and
// docs/decisions/0022-guest-kernels-on-disk.md.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::kernels {

/// The files of a kernel's folder, beside manifest.json.
inline constexpr const char* kKernelFile = "kernel";
inline constexpr const char* kInitrdFile = "initrd";
/// The name of the stock kernel.
inline constexpr const char* kStock = "stock";

/// What one of the two files must be.
struct KernelFile {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 hex digits
};

/// What is known about one kernel; kept as manifest.json in its folder.
struct Manifest {
  std::string name;             ///< of the variant: "stock"
  std::string package;          ///< it came in: "linux-image-6.1.0-56-cloud-amd64"
  std::string package_version;  ///< "6.1.192-2"
  std::string architecture;     ///< in Lambda's words: "x86_64", "arm64"
  KernelFile kernel;
  KernelFile initrd;
  bool needs_acpi = true;            ///< without ACPI it finds no virtio device
  bool may_use_noapictimer = false;  ///< boots with that hint, which is faster without KVM
  std::vector<std::string> modules;  ///< that the initrd loads, in this order
  /// The least memory that it boots with, where somebody has measured it.
  std::optional<std::uint32_t> memory_min_mib;
  WallTime made;
};

/// One stored kernel; a value.
struct Kernel {
  std::string id;                ///< 32 hex digits over content and what matters for booting
  std::filesystem::path folder;  ///< with kKernelFile and kInitrdFile
  Manifest manifest;
};

/// A folder that is no kernel, and why.
struct BrokenKernel {
  std::string folder;  ///< its name
  std::string reason;
};

/// What a store holds at this moment.
struct KernelList {
  std::vector<Kernel> kernels;  ///< newest first
  std::vector<BrokenKernel> broken;
  std::string adding;  ///< what is done now for one more kernel; empty: nothing
};

/// What verify() has found.
struct Verification {
  Kernel kernel;
  std::vector<std::string> problems;  ///< each names a file; empty: all is as it was
};

/// What add_stock() has come to.
struct AddedKernel {
  Kernel kernel;
  bool is_new = true;  ///< false: the same was there already
};

struct KernelStoreOptions {
  std::filesystem::path folder;  ///< exists, and is used by nobody else
  os::UniqueFd init_program;     ///< proa-init, open for reading: /init of every initrd
  std::string architecture;      ///< of this host, as in Manifest
  /// Where apt-get, dpkg-deb and depmod are, as in $PATH.
  std::string search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  KernelStoreOptions();
};

/// Keeps kernels in one folder. Owned by main; thread-safe; all calls but stop() block.
class KernelStore {
 public:
  /// Removes what an interrupted process left half made. The clock outlives the store. Errc:
  /// not_found (no such folder), os.
  static Result<std::unique_ptr<KernelStore>> open(KernelStoreOptions options, Clock& clock);
  virtual ~KernelStore() = default;

  /// Reads manifests and looks at sizes, not at bytes. Errc: not_found, os (the store's folder).
  virtual Result<KernelList> list() = 0;
  /// The kernel with this id, else the newest with this name, else the only one whose id begins so
  /// (4 digits at least). Errc: not_found, conflict (several begin so), corrupt (it is broken), os.
  virtual Result<Kernel> find(std::string_view name_or_id) = 0;
  /// Hashes both files. Errc: as find().
  virtual Result<Verification> verify(std::string_view name_or_id) = 0;
  /// Takes what find() takes, and the whole name of a broken folder. Errc: as find().
  virtual Result<void> remove(std::string_view name_or_id) = 0;
  /// Downloads the host's newest stock kernel by apt and stores it: all of it, or nothing. Takes
  /// seconds, 15 minutes at most. Errc: conflict (another is being added), unsupported (apt,
  /// dpkg-deb or depmod is not on this host), unavailable (apt knows no such package or reaches no
  /// mirror), deadline, cancelled (stop()), exhausted (disk full), corrupt (the package is not what
  /// it must be; names the file or module), os.
  virtual Result<AddedKernel> add_stock() = 0;
  /// Ends what is being added, now and later, as cancelled. Does not block.
  virtual void stop() = 0;
};

}  // namespace proa::kernels
