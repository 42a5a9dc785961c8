// Guest kernels: what microVMs boot, stored in DATA/kernels.
//
// Nouns: Kernel (a folder named by its content: what QEMU boots, the initrd that loads its modules,
// and a Manifest), KernelStore (lists, finds, verifies, removes and adds them), stock kernel
// (Debian's cloud kernel, downloaded and unpacked, never installed, and an initrd of ours around
// proa-init), variant (a kernel that is built here out of Debian's source, with few options and no
// modules), KernelBuilder (has a container build one), Measurement (what booting one has told),
// SigningKey (signs what is stored: the launcher boots nothing else). `api` calls the store,
// apps/proa builds it; what it holds is for microVMs. What the store does blocks, so nothing of it
// runs on a shard, but for the end of a KernelUse. Long documents: docs/guides/kernels.md,
// docs/decisions/0022-guest-kernels-on-disk.md and docs/decisions/0025-guest-kernels-built.md.
#pragma once

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/pending.h"
#include "base/result.h"
#include "base/task.h"
#include "base/task_group.h"
#include "base/units.h"
#include "os/unique_fd.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::sandbox {
class SandboxFactory;
}  // namespace proa::sandbox

namespace proa::kernels {

/// The files of a kernel's folder, beside manifest.json.
inline constexpr const char* kKernelFile = "kernel";
inline constexpr const char* kInitrdFile = "initrd";
/// And of one that was built here: the whole configuration.
inline constexpr const char* kConfigFile = "config";
/// The name of the stock kernel.
inline constexpr const char* kStock = "stock";

/// What one of the two files must be.
struct KernelFile {
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 hex digits
};

/// What programs lose because a kernel is built without an option.
struct Gate {
  std::string option;             ///< "CONFIG_AIO"
  std::vector<std::string> what;  ///< names of system calls, address families and the like
};

/// Out of what a kernel was built here.
struct BuildRecord {
  std::string key;       ///< 64 hex digits over source, options, compiler and how it is built
  std::string release;   ///< what uname(2) says inside: "6.1.192-proa-net"
  std::string compiler;  ///< in its own words
  std::vector<std::string> options;  ///< asked for, "CONFIG_NET=y"; all others are at their least
  std::vector<Gate> lacks;
};

/// What booting a kernel has told, on this host.
struct Measurement {
  std::string accelerator;            ///< who played the processor: "kvm", "tcg"
  std::chrono::milliseconds boot{0};  ///< until the first process answered; the middle one of three
  std::uint32_t memory_min_mib = 0;   ///< the least with which a machine without disks boots
  /// Of a machine with 128 MiB, what kernel and initrd keep: the rest is for processes.
  std::uint32_t memory_kept_mib = 0;

  bool operator==(const Measurement&) const = default;
};

/// What is known about one kernel; kept as manifest.json in its folder.
struct Manifest {
  std::string name;             ///< "stock", or that of the variant: "net"
  std::string package;          ///< it came in, or its source: "linux-image-6.1.0-56-cloud-amd64"
  std::string package_version;  ///< "6.1.192-2"
  std::string architecture;     ///< in Lambda's words: "x86_64", "arm64"
  KernelFile kernel;
  KernelFile initrd;
  bool needs_acpi = true;            ///< without ACPI it finds no virtio device
  bool may_use_noapictimer = false;  ///< boots with that hint, which is faster without KVM
  std::vector<std::string> modules;  ///< that the initrd loads, in this order
  std::string init_sha256;           ///< of the proa-init in the initrd; empty: an older Proa's
  WallTime made;
  std::optional<Measurement> measured;
  std::optional<BuildRecord> build;  ///< of one that was built here
};

/// One stored kernel; a value.
struct Kernel {
  std::string id;                ///< 32 hex digits over content and what matters for booting
  std::filesystem::path folder;  ///< with kKernelFile and kInitrdFile
  Manifest manifest;
  std::uint32_t machines = 0;  ///< that run it at this moment
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

/// While it lives, its kernel stays. Outlived by its store; its end may remove a kernel that a
/// newer one has replaced.
class KernelUse {
 public:
  KernelUse() = default;
  KernelUse(const KernelUse&) = delete;
  KernelUse& operator=(const KernelUse&) = delete;
  virtual ~KernelUse() = default;
};

/// A kernel that a machine is to boot.
struct UsedKernel {
  Kernel kernel;
  std::unique_ptr<KernelUse> use;
};

/// By what the kernels of a data folder are signed.
struct SigningKey {
  Ed25519Key key;
  bool is_new = true;  ///< nobody has stored it yet
};

/// The key in this file, else a new one, which KernelStore::open() stores there. Errc: corrupt (it
/// is no key; names the file), os.
Result<SigningKey> read_signing_key(const std::filesystem::path& file);

/// What adding or building one has come to.
struct AddedKernel {
  Kernel kernel;
  bool is_new = true;  ///< false: the same was there already
};

/// A kernel that is being built: its source is there. While this lives no other one is added; what
/// was half made goes with it. Outlived by its store; its calls block.
class KernelBuild {
 public:
  virtual ~KernelBuild() = default;

  /// False: the same was built before, and no program needs to run.
  virtual bool needs_program() const = 0;
  /// The program that builds, inside a container, and its arguments. It reads the source by
  /// descriptor 3 and writes its product to descriptor 4.
  virtual std::vector<std::string> program() const = 0;
  /// Descriptors of this build: the source; where the product goes; readable from stop() on.
  virtual int source() const = 0;
  virtual int product() const = 0;
  virtual int stopped() const = 0;
  /// What the program gets of the processors: as a function with so much memory.
  virtual std::uint32_t processor_mib() const = 0;
  /// Stores what the program has made. Once. Errc: corrupt (it is no product), exhausted (disk
  /// full), os.
  virtual Result<AddedKernel> finish() = 0;
};

struct KernelStoreOptions {
  std::filesystem::path folder;   ///< exists, and is used by nobody else
  os::UniqueFd init_program;      ///< proa-init, open for reading: /init of every initrd
  std::string architecture;       ///< of this host, as in Manifest
  std::filesystem::path recipes;  ///< runtimes/kernel: what variants there are, and how to build
  /// What a build gets of the processors: as a function with so much memory.
  std::uint32_t build_processor_mib = 128;
  /// Signs all that is stored; what is not signed by it is broken. Has to be given.
  std::optional<SigningKey> signing;
  std::filesystem::path signing_file;  ///< where a new key goes, with mode 0600
  /// Where apt-get, dpkg-deb and depmod are, as in $PATH.
  std::string search_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  KernelStoreOptions();
};

/// Keeps kernels in one folder. Owned by main; thread-safe; all calls but stop() block.
class KernelStore {
 public:
  /// Removes what an interrupted process left half made, and what note() would. Kernels of another
  /// Proa get this one's proa-init, and with it another id: host and guest speak one protocol.
  /// With a new signing key, signs the kernels whose bytes are what their manifests say. The clock
  /// outlives the store. Errc: not_found (no such folder), os.
  static Result<std::unique_ptr<KernelStore>> open(KernelStoreOptions options, Clock& clock);
  virtual ~KernelStore() = default;

  /// Reads manifests and looks at sizes, not at bytes. Errc: not_found, os (the store's folder).
  virtual Result<KernelList> list() = 0;
  /// The kernel with this id, else the newest with this name, else the only one whose id begins so
  /// (4 digits at least). Errc: not_found, conflict (several begin so), corrupt (it is broken), os.
  virtual Result<Kernel> find(std::string_view name_or_id) = 0;
  /// As find(), for a machine. What is removed meanwhile is not_found, never half there. Errc: also
  /// unsupported (it has the proa-init of another Proa, and could not be given this one's).
  virtual Result<UsedKernel> use(std::string_view name_or_id) = 0;
  /// Hashes both files, and looks at the signature. Errc: as find().
  virtual Result<Verification> verify(std::string_view name_or_id) = 0;
  /// Takes what find() takes, and the whole name of a broken folder. Errc: as find(), conflict (a
  /// machine runs it; says how many).
  virtual Result<void> remove(std::string_view name_or_id) = 0;
  /// Signs one whose bytes are what its manifest says, though somebody else has put it there. Takes
  /// the folder's name. Errc: not_found, corrupt (they are not; names the file), os.
  virtual Result<Kernel> sign(std::string_view id) = 0;
  /// Writes into the manifest what booting has told. Of older kernels of the same name the newest
  /// stays, and the others are removed with that, or once no machine runs them. Errc: as find(),
  /// exhausted, os.
  virtual Result<Kernel> note(std::string_view id, Measurement measured) = 0;
  /// Downloads the host's newest stock kernel by apt and stores it: all of it, or nothing. Takes
  /// seconds, 15 minutes at most. Errc: conflict (another is being added), unsupported (apt,
  /// dpkg-deb or depmod is not on this host), unavailable (apt knows no such package or reaches no
  /// mirror), deadline, cancelled (stop()), exhausted (disk full), corrupt (the package is not what
  /// it must be; names the file or module), os.
  virtual Result<AddedKernel> add_stock() = 0;
  /// Downloads the kernel's source by apt, unless the variant was built out of the same by the same
  /// before. Errc: as add_stock(), not_found (no such variant; names those there are), unsupported
  /// (no compiler, or this architecture).
  virtual Result<std::unique_ptr<KernelBuild>> begin_build(std::string_view variant) = 0;
  /// Ends what is being added, now and later, as cancelled. Does not block.
  virtual void stop() = 0;
  /// True from stop() on. Does not block.
  virtual bool is_stopped() const = 0;
};

/// One boot of a kernel that is being measured.
struct MeasuredBoot {
  std::string accelerator;
  std::chrono::milliseconds took{0};
  Bytes available;  ///< of the machine's memory, for processes
};

/// Boots the kernel with that memory. Errc: deadline or unavailable (it does not boot), and others.
using BootWith =
    std::function<Task<MeasuredBoot>(std::uint32_t memory_mib, std::chrono::milliseconds limit)>;

/// Boots three times with 128 MiB, then looks for the least memory, with six boots at most. `limit`
/// is that of the first boot. Errc: as `boot` (with 128 MiB), unsupported (its proa-init does not
/// say what memory there is).
Task<Measurement> measure_kernel(BootWith boot, std::chrono::milliseconds limit);

/// Has containers build kernels. Belongs to one executor, that of the containers, and has a thread
/// of its own for all that blocks: a build takes minutes, in which the daemon's other threads serve
/// others. KernelStore::stop() ends what is being built; close() before the executor goes.
class KernelBuilder {
 public:
  /// All outlive it.
  KernelBuilder(boost::asio::any_io_executor executor, sandbox::SandboxFactory& containers,
                KernelStore& store);

  /// Builds the variant unless it is there; the program has 60 minutes. Goes on when whoever asked
  /// has given up. On the executor. Errc: as KernelStore::begin_build(), KernelBuild::finish() and
  /// sandbox::run_job().
  Task<AddedKernel> build(std::string variant);
  /// Waits for the thread; nothing may be asked from then on. Not on the executor. Blocks.
  void close() { thread_.join(); }

 private:
  struct Built {
    std::optional<AddedKernel> added;
    std::optional<Error> failure;
  };
  using Outcome = std::shared_ptr<Pending<Built>>;

  boost::asio::awaitable<void> make(std::string variant, Outcome outcome);
  Task<AddedKernel> make_in_container(std::string variant);

  boost::asio::any_io_executor executor_;
  sandbox::SandboxFactory& containers_;
  KernelStore& store_;
  boost::asio::thread_pool thread_{1};
  TaskGroup tasks_;
};

}  // namespace proa::kernels
