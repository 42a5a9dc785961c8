#include "base/encoding.h"
#include "kernels/built_kernel.h"
#include "kernels/debian_package.h"
#include "kernels/initramfs.h"
#include "kernels/kernel_uses.h"
#include "kernels/kernels.h"
#include "kernels/manifest.h"
#include "kernels/renew_kernel.h"
#include "kernels/stored_file.h"
#include "kernels/stored_kernel.h"
#include "kernels/variant.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPrefixMin = 4;
constexpr int kRemovalTries = 10;
constexpr mode_t kKeyMode = 0600;
/// In a new kernel's folder, until it is complete.
constexpr const char* kWorkFolder = "work";

#if defined(__aarch64__)
constexpr const char* kHostArchitecture = "arm64";
#else
constexpr const char* kHostArchitecture = "x86_64";
#endif

class FolderKernels final : public KernelStore {
 public:
  FolderKernels(KernelStoreOptions options, Clock& clock, Commands commands)
      : options_(std::move(options)),
        clock_(clock),
        commands_(std::move(commands)),
        uses_([this](const std::string& id) { (void)remove_folder(options_.folder / id); }) {}

  /// What add_stock() and remove() have left when the process was killed.
  Result<void> clear_leftovers() {
    std::error_code failed;
    std::vector<fs::path> left;
    for (fs::directory_iterator at(options_.folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      if (at->path().filename().string().starts_with(NewFolder::kBegin)) left.push_back(at->path());
    }
    for (const fs::path& folder : left) {
      // An apt-get that has outlived its daemon may put one more file there meanwhile.
      for (int tries = 0; tries < kRemovalTries && !failed; ++tries) {
        std::error_code stays;
        fs::remove_all(folder, stays);
        if (!stays) break;
        if (tries + 1 == kRemovalTries) failed = stays;
      }
    }
    if (failed) return os_error("clear " + options_.folder.string(), failed.value());
    return ok();
  }

  /// With a new key nothing is signed by it: what is as it was stored is signed now. The key is
  /// written last, so that an interrupted start begins anew.
  Result<void> take_key() {
    if (!options_.signing->is_new) return ok();
    std::error_code failed;
    for (fs::directory_iterator at(options_.folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      const auto kernel = read_unsigned_kernel(at->path());
      if (!kernel) continue;  // broken: so it is listed
      TRY(const auto checked, check_bytes(kernel.value()));
      if (!checked.problems.empty()) continue;
      TRY(sign_kernel(at->path(), kernel.value().manifest, key()));
    }
    if (failed) return os_error("read " + options_.folder.string(), failed.value());
    return os::replace_file(options_.signing_file, key().pem(), kKeyMode);
  }

  /// Those that another Proa has stored get this one's proa-init. What cannot stays as it is, and
  /// no machine is booted with it: see use().
  Result<void> renew() {
    TRY(const auto init, os::read_all(options_.init_program.get()));
    init_sha256_ = to_hex(sha256(init));
    TRY(const auto all, list());
    for (const Kernel& kernel : all.kernels) {
      if (kernel.manifest.init_sha256 != init_sha256_) (void)renew_one(kernel, init);
    }
    return ok();
  }

  Result<void> renew_one(const Kernel& kernel, std::string_view init) {
    TRY(auto folder, NewFolder::make(options_.folder));
    TRY(auto manifest, renew_kernel(kernel, init, folder.path()));
    if (id_of(manifest) == kernel.id) {
      TRY(write_manifest(folder.path(), manifest, key()));
      return folder.replace(kernel.folder);
    }
    TRY(keep(folder, std::move(manifest)));
    return remove_folder(kernel.folder);
  }

  /// Of kernels with one name the newest that has booted here replaces those that are older. The
  /// one before it stays: removing the newer one is the way back.
  Result<void> remove_replaced() {
    TRY(const auto all, list());
    std::map<std::string, int> behind;  // the one that has booted, by name
    for (const Kernel& kernel : all.kernels) {
      const auto found = behind.find(kernel.manifest.name);
      if (found != behind.end() && ++found->second > 1) uses_.remove_when_unused(kernel.id);
      if (kernel.manifest.measured) behind.emplace(kernel.manifest.name, 0);
    }
    return ok();
  }

  Result<KernelList> list() override {
    KernelList list;
    std::error_code failed;
    for (fs::directory_iterator at(options_.folder, failed), end; !failed && at != end;
         at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with(".")) continue;
      auto kernel = read_kernel(at->path(), key().public_half());
      std::error_code gone;
      if (kernel) {
        kernel.value().machines = uses_.count(name);
        list.kernels.push_back(std::move(kernel).value());
      } else if (fs::exists(fs::symlink_status(at->path(), gone))) {  // not removed meanwhile
        list.broken.push_back({name, kernel.error().message()});
      }
    }
    if (failed) return os_error("read " + options_.folder.string(), failed.value());
    std::sort(list.kernels.begin(), list.kernels.end(), [](const Kernel& a, const Kernel& b) {
      return std::pair(b.manifest.made, b.id) < std::pair(a.manifest.made, a.id);
    });
    std::sort(list.broken.begin(), list.broken.end(),
              [](const BrokenKernel& a, const BrokenKernel& b) { return a.folder < b.folder; });
    const std::lock_guard guard(mutex_);
    list.adding = adding_;
    return list;
  }

  Result<Kernel> find(std::string_view asked) override {
    TRY(const auto all, list());
    const auto has_id = [&](const Kernel& kernel) { return kernel.id == asked; };
    const auto has_name = [&](const Kernel& kernel) { return kernel.manifest.name == asked; };
    auto found = std::find_if(all.kernels.begin(), all.kernels.end(), has_id);
    if (found != all.kernels.end()) return *found;
    found = std::find_if(all.kernels.begin(), all.kernels.end(), has_name);
    if (found != all.kernels.end()) return *found;
    return find_prefix(all, asked);
  }

  Result<UsedKernel> use(std::string_view asked) override {
    TRY(auto kernel, find(asked));
    if (kernel.manifest.init_sha256 != init_sha256_) {
      return Error(Errc::unsupported, "The guest kernel " + kernel.id +
                                          " has the proa-init of another Proa, and could not be "
                                          "given this one's: proa kernel verify " +
                                          kernel.id);
    }
    auto use = uses_.begin(kernel.id, [&] {
      std::error_code failed;
      return fs::exists(kernel.folder, failed);
    });
    if (!use) return Error(Errc::not_found, "Kernel " + kernel.id + " has just been removed");
    return UsedKernel{std::move(kernel), std::move(use)};
  }

  Result<Verification> verify(std::string_view asked) override {
    auto kernel = find(asked);
    if (kernel) return check_bytes(kernel.value());
    if (kernel.error().code() != Errc::corrupt) return kernel.error();
    auto done = check_folder(options_.folder / asked, key().public_half());
    if (!done) return kernel.error();  // so broken that its files say nothing
    return done;
  }

  Result<void> remove(std::string_view asked) override {
    TRY(const auto all, list());
    for (const BrokenKernel& broken : all.broken) {
      if (broken.folder == asked) return remove_folder(options_.folder / broken.folder);
    }
    TRY(const auto kernel, find(asked));
    return uses_.if_unused(kernel.id, [&] { return remove_folder(kernel.folder); });
  }

  Result<Kernel> sign(std::string_view id) override {
    TRY(const auto all, list());
    for (const Kernel& kernel : all.kernels) {
      if (kernel.id == id) return kernel;
    }
    const auto is_asked = [&](const BrokenKernel& broken) { return broken.folder == id; };
    if (std::none_of(all.broken.begin(), all.broken.end(), is_asked)) {
      return Error(Errc::not_found, "There is no kernel '" + std::string(id) + "'");
    }
    TRY(auto kernel, read_unsigned_kernel(options_.folder / id));
    TRY(const auto checked, check_bytes(kernel));
    if (!checked.problems.empty()) return Error(Errc::corrupt, checked.problems.front());
    TRY(sign_kernel(kernel.folder, kernel.manifest, key()));
    return kernel;
  }

  Result<Kernel> note(std::string_view id, Measurement measured) override {
    TRY(auto kernel, find(id));
    kernel.manifest.measured = std::move(measured);
    TRY(auto folder, NewFolder::make(options_.folder));
    TRY(link_files(kernel, folder.path(), {kKernelFile, kInitrdFile, kConfigFile}));
    TRY(write_manifest(folder.path(), kernel.manifest, key()));
    TRY(folder.replace(kernel.folder));
    (void)remove_replaced();  // what it could not remove, the next start does
    return kernel;
  }

  Result<AddedKernel> add_stock() override {
    TRY(const auto adding, Adding::begin(*this));
    auto added = add_unpacked();
    if (!added) return added.error().with_context("The stock kernel cannot be added");
    return added;
  }

  Result<std::unique_ptr<KernelBuild>> begin_build(std::string_view variant) override {
    TRY(auto adding, Adding::begin(*this));
    auto begun = begin_variant(variant, std::move(adding));
    if (begun || begun.error().code() == Errc::not_found) return begun;
    return begun.error().with_context("The kernel " + std::string(variant) + " cannot be built");
  }

  void stop() override { commands_.stop(); }
  bool is_stopped() const override { return commands_.is_stopped(); }

 private:
  /// While it lives, one kernel is being added.
  class Adding {
   public:
    static Result<Adding> begin(FolderKernels& store) {
      const std::lock_guard guard(store.mutex_);
      if (!store.adding_.empty()) {
        return Error(Errc::conflict, "A kernel is being added already: " + store.adding_);
      }
      store.adding_ = "beginning";
      return Adding(store);
    }
    Adding(Adding&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}
    Adding& operator=(Adding&&) = delete;
    Adding(const Adding&) = delete;
    Adding& operator=(const Adding&) = delete;
    ~Adding() {
      if (store_ != nullptr) store_->say("");
    }

   private:
    explicit Adding(FolderKernels& store) : store_(&store) {}

    FolderKernels* store_;
  };

  /// Where a build is made: its files, and what will be written about it.
  struct Site {
    NewFolder folder;
    Manifest manifest;  ///< but for what is known at the end
    os::UniqueFd source;
    os::UniqueFd product;
    bool needs_program = true;
  };

  class Build final : public KernelBuild {
   public:
    Build(FolderKernels& store, Adding adding, Site site)
        : store_(store), adding_(std::move(adding)), site_(std::move(site)) {}

    bool needs_program() const override { return site_.needs_program; }
    std::vector<std::string> program() const override {
      return {"/var/runtime/kernel/build.sh", site_.manifest.name};
    }
    int source() const override { return site_.source.get(); }
    int product() const override { return site_.product.get(); }
    int stopped() const override { return store_.commands_.stopped(); }
    std::uint32_t processor_mib() const override { return store_.options_.build_processor_mib; }
    Result<AddedKernel> finish() override { return store_.finish(site_); }

   private:
    FolderKernels& store_;
    Adding adding_;
    Site site_;  // goes before others may add
  };

  const Ed25519Key& key() const { return options_.signing->key; }

  void say(std::string_view step) {
    const std::lock_guard guard(mutex_);
    adding_ = step;
  }

  static Result<Kernel> find_prefix(const KernelList& all, std::string_view asked) {
    for (const BrokenKernel& broken : all.broken) {
      if (broken.folder != asked) continue;
      return Error(Errc::corrupt, "Kernel " + broken.folder + " is broken: " + broken.reason);
    }
    std::vector<const Kernel*> fitting;
    for (const Kernel& kernel : all.kernels) {
      if (asked.size() >= kPrefixMin && kernel.id.starts_with(asked)) fitting.push_back(&kernel);
    }
    if (fitting.size() == 1) return *fitting.front();
    if (fitting.empty()) {
      return Error(Errc::not_found, "There is no kernel '" + std::string(asked) + "'");
    }
    std::string ids;
    for (const Kernel* kernel : fitting) ids.append(ids.empty() ? "" : ", ").append(kernel->id);
    return Error(Errc::conflict, "Several kernels begin with '" + std::string(asked) + "': " + ids);
  }

  /// Away from its name first, so that nobody sees half of it.
  Result<void> remove_folder(const fs::path& folder) {
    TRY(const auto away, NewFolder::make(options_.folder));
    std::error_code failed;
    fs::rename(folder, away.path() / "removed", failed);
    if (failed == std::errc::no_such_file_or_directory) return ok();
    if (failed) return os_error("remove " + folder.string(), failed.value());
    return sync(options_.folder);
  }

  Result<AddedKernel> add_unpacked() {
    TRY(auto folder, NewFolder::make(options_.folder));
    TRY(const auto work, make_work(folder));
    const Stage stage = [this](std::string_view step) { say(step); };
    TRY(const auto package, fetch_stock(commands_, options_.architecture, work, stage));
    say("making the initrd");
    TRY(auto manifest, build(package, folder.path()));
    TRY(remove_work(work));
    return keep(folder, std::move(manifest));
  }

  static Result<fs::path> make_work(const NewFolder& folder) {
    fs::path work = folder.path() / kWorkFolder;
    std::error_code failed;
    fs::create_directory(work, failed);
    if (failed) return os_error("create " + work.string(), failed.value());
    return work;
  }

  static Result<void> remove_work(const fs::path& work) {
    std::error_code failed;
    fs::remove_all(work, failed);
    if (failed) return os_error("remove " + work.string(), failed.value());
    return ok();
  }

  Result<std::unique_ptr<KernelBuild>> begin_variant(std::string_view name, Adding adding) {
    if (options_.architecture != "x86_64") {
      return Error(Errc::unsupported, "kernels are built for x86_64 only so far");
    }
    TRY(auto variant, read_variant(options_.recipes, name));
    TRY(auto folder, NewFolder::make(options_.folder));
    TRY(const auto work, make_work(folder));
    say("looking for the source");
    TRY(const auto source, find_source(commands_, work));
    BuildRecord record;
    TRY(record.compiler, ask_compiler(commands_, work));
    TRY(record.key, build_key(source, variant, record.compiler, options_.recipes));
    record.options = std::move(variant.options);
    record.lacks = std::move(variant.lacks);
    Site site{std::move(folder), {}, {}, {}};
    site.manifest.name = std::move(variant.name);
    site.manifest.package = source.name;
    site.manifest.package_version = source.version;
    site.manifest.build = std::move(record);
    TRY(const bool is_there, take_built(site));
    site.needs_program = !is_there;
    if (!is_there) {
      TRY(prepare(site, source, work));
    }
    return std::unique_ptr<KernelBuild>(
        std::make_unique<Build>(*this, std::move(adding), std::move(site)));
  }

  /// Copies what was built before with the same key, perhaps for another initrd; whether there is
  /// such a kernel.
  Result<bool> take_built(Site& site) {
    TRY(const auto all, list());
    for (const Kernel& kernel : all.kernels) {
      const auto& build = kernel.manifest.build;
      if (!build || build->key != site.manifest.build->key) continue;
      TRY(const auto checked, check_bytes(kernel));
      if (!checked.problems.empty()) continue;
      for (const char* name : {kKernelFile, kConfigFile}) {
        std::error_code failed;
        fs::copy_file(kernel.folder / name, site.folder.path() / name, failed);
        if (failed) return os_error("copy " + (kernel.folder / name).string(), failed.value());
      }
      site.manifest.build->release = build->release;
      return true;
    }
    return false;
  }

  Result<void> prepare(Site& site, const PackageRecord& source, const fs::path& work) {
    const Stage stage = [this](std::string_view step) { say(step); };
    TRY(const auto archive, fetch_source(commands_, source, work, stage));
    TRY(site.source, os::open_file(archive, O_RDONLY | O_NOFOLLOW));
    TRY(site.product, os::open_file(work / "product", O_RDWR | O_CREAT | O_EXCL, kStoredMode));
    say("building " + site.manifest.name);
    return ok();
  }

  Result<AddedKernel> finish(Site& site) {
    const fs::path folder = site.folder.path();
    Manifest manifest = site.manifest;
    if (site.needs_program) {
      TRY(auto facts, unpack_product(site.product.get(), folder));
      manifest.build->release = std::move(facts.release);
      manifest.build->compiler = std::move(facts.compiler);
    }
    say("making the initrd");
    TRY(const auto init, os::read_all(options_.init_program.get()));
    TRY(write_initramfs(folder / kInitrdFile, init, {}));
    manifest.init_sha256 = init_sha256_;
    manifest.architecture = options_.architecture;
    manifest.needs_acpi = false;
    manifest.may_use_noapictimer = true;
    manifest.made = clock_.wall_now();
    TRY(sync(folder / kKernelFile));
    TRY(manifest.kernel, measure(folder / kKernelFile));
    TRY(manifest.initrd, measure(folder / kInitrdFile));
    TRY(remove_work(folder / kWorkFolder));
    return keep(site.folder, std::move(manifest));
  }

  /// Both files in their places, and what is to be written about them.
  Result<Manifest> build(const UnpackedPackage& package, const fs::path& folder) {
    Manifest manifest;
    manifest.name = kStock;
    manifest.package = package.name;
    manifest.package_version = package.version;
    manifest.architecture = options_.architecture;
    manifest.init_sha256 = init_sha256_;
    manifest.made = clock_.wall_now();
    TRY(manifest.modules, make_initrd(package, options_.init_program.get(), folder / kInitrdFile));
    const fs::path kernel = folder / kKernelFile;
    if (::rename(package.kernel.c_str(), kernel.c_str()) != 0) return os_error("rename to kernel");
    if (::chmod(kernel.c_str(), kStoredMode) != 0) return os_error("chmod " + kernel.string());
    TRY(sync(kernel));
    TRY(manifest.kernel, measure(kernel));
    TRY(manifest.initrd, measure(folder / kInitrdFile));
    return manifest;
  }

  Result<AddedKernel> keep(NewFolder& folder, Manifest manifest) {
    std::string id = id_of(manifest);
    const fs::path name = options_.folder / id;
    if (const auto there = read_kernel(name, key().public_half())) {
      TRY(const auto checked, check_bytes(there.value()));
      if (checked.problems.empty()) return AddedKernel{there.value(), false};
    }
    std::error_code failed;
    if (fs::exists(fs::symlink_status(name, failed))) {
      TRY(remove_folder(name));  // it is broken
    }
    TRY(write_manifest(folder.path(), manifest, key()));
    TRY(folder.keep_as(name));
    return AddedKernel{Kernel{std::move(id), name, std::move(manifest)}, true};
  }

  const KernelStoreOptions options_;
  Clock& clock_;
  const Commands commands_;
  KernelUses uses_;
  std::mutex mutex_;
  std::string init_sha256_;  ///< of our proa-init; from renew() on
  std::string adding_;       ///< what is done now; empty: nothing is being added
};

}  // namespace

KernelStoreOptions::KernelStoreOptions() : architecture(kHostArchitecture) {}

Result<std::unique_ptr<KernelStore>> KernelStore::open(KernelStoreOptions options, Clock& clock) {
  TRY(auto commands, Commands::make(options.search_path));
  auto store = std::make_unique<FolderKernels>(std::move(options), clock, std::move(commands));
  TRY(store->clear_leftovers());
  TRY(store->take_key());
  TRY(store->renew());
  TRY(store->remove_replaced());
  return std::unique_ptr<KernelStore>(std::move(store));
}

}  // namespace proa::kernels
