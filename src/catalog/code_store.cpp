#include "catalog/code_store.h"

#include "base/encoding.h"
#include "base/random.h"
#include "os/file.h"

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>

namespace proa::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStaging = ".staging-";
constexpr std::string_view kTrash = ".trash-";
constexpr std::string_view kNewFile = ".new-";  // os::replace_file's, left by a crash

bool is_tree_id(std::string_view name) { return is_hex(name, 64); }

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string unique_name(std::string_view prefix) {
  RandomSource random;
  return std::string(prefix) + random.hex(8);
}

Result<void> sync_folder(const fs::path& folder) {
  TRY(auto fd, os::open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return os_error("fsync " + folder.string());
  return ok();
}

Result<void> make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return os_error("make folder " + folder.string());
  }
  return ok();
}

Result<void> link_file(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) != 0 && errno != EEXIST) {
    return os_error("link " + to.string());
  }
  return ok();
}

/// Removes a tree that nobody sees any more. What cannot be removed now is swept at the next start.
void remove_quietly(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

}  // namespace

/// What the store, its leases and the removals under way share.
struct CodeLease::State : std::enable_shared_from_this<CodeLease::State> {
  struct Count {
    std::uint64_t holds = 0;
    std::uint64_t leases = 0;
  };

  fs::path code;
  fs::path blobs;
  PackageLimits limits;
  std::mutex mutex;
  boost::asio::thread_pool* blocking = nullptr;      // guarded; null once the store is gone
  std::map<std::string, Count, std::less<>> counts;  // guarded

  /// Both with the mutex held.
  void forget_if_unused(const std::string& tree_id);
  bool is_used(const std::string& tree_id) const { return counts.count(tree_id) != 0; }
  /// On the blocking pool.
  void remove_if_unused(const std::string& tree_id);
};

void CodeLease::State::forget_if_unused(const std::string& tree_id) {
  const auto found = counts.find(tree_id);
  if (found == counts.end() || found->second.holds != 0 || found->second.leases != 0) return;
  counts.erase(found);
  if (blocking == nullptr) return;
  boost::asio::post(*blocking,
                    [self = shared_from_this(), tree_id] { self->remove_if_unused(tree_id); });
}

void CodeLease::State::remove_if_unused(const std::string& tree_id) {
  const fs::path trash = code / unique_name(kTrash);
  {
    const std::lock_guard guard(mutex);
    if (is_used(tree_id)) return;
    if (::rename((code / tree_id).c_str(), trash.c_str()) != 0 && errno != ENOENT) return;
    ::unlink((blobs / tree_id).c_str());
  }
  remove_quietly(trash);
}

CodeLease::CodeLease(CodeLease&& other) noexcept
    : state_(std::move(other.state_)), tree_ids_(std::move(other.tree_ids_)) {}

CodeLease& CodeLease::operator=(CodeLease&& other) noexcept {
  if (this == &other) return *this;
  release();
  state_ = std::move(other.state_);
  tree_ids_ = std::move(other.tree_ids_);
  return *this;
}

CodeLease::~CodeLease() { release(); }

void CodeLease::release() {
  if (!state_) return;
  {
    const std::lock_guard guard(state_->mutex);
    for (const auto& tree_id : tree_ids_) {
      --state_->counts[tree_id].leases;
      state_->forget_if_unused(tree_id);
    }
  }
  state_.reset();
}

Result<CodeStore> CodeStore::open(const fs::path& data_folder, boost::asio::thread_pool& blocking,
                                  const PackageLimits& limits) {
  auto state = std::make_shared<CodeLease::State>();
  state->code = data_folder / "code";
  state->blobs = data_folder / "blobs";
  state->limits = limits;
  state->blocking = &blocking;
  TRY(make_folder(state->code));
  TRY(make_folder(state->blobs));
  TRY(sync_folder(data_folder));
  return CodeStore(std::move(state));
}

CodeStore::~CodeStore() {
  if (!state_) return;
  const std::lock_guard guard(state_->mutex);
  state_->blocking = nullptr;
}

Result<InstalledPackage> CodeStore::install(std::string_view zip) { return install(zip, nullptr); }

Result<InstalledPackage> CodeStore::install(std::string_view zip, const StoredZip& stored) {
  return install(zip, &stored);
}

Result<InstalledPackage> CodeStore::install(std::string_view zip, const StoredZip* stored) {
  InstalledPackage package;
  package.digest = sha256(zip);
  if (stored != nullptr && package.digest != stored->digest) {
    return Error(Errc::invalid, "The upload has the SHA-256 " + to_hex(package.digest) +
                                    ", not the announced " + to_hex(stored->digest));
  }
  TRY(package.unpacked_bytes, unpacked_size(zip, state_->limits));
  package.tree_id = to_hex(package.digest);
  package.zip_bytes = zip.size();
  // The lease comes first: a removal of the same content that is under way finds it and stops.
  package.lease = acquire_kept({package.tree_id});
  if (!is_there(state_->blobs / package.tree_id)) {
    const fs::path blob = state_->blobs / package.tree_id;
    if (stored != nullptr) {
      TRY(link_file(stored->file, blob));
      TRY(sync_folder(state_->blobs));
    } else {
      TRY(os::replace_file(blob, zip, 0600));
    }
  }
  if (is_there(tree_path(package.tree_id))) return package;
  TRY(unpack(zip, package.tree_id));
  return package;
}

Result<std::uint64_t> CodeStore::unpack(std::string_view zip, const std::string& tree_id) {
  std::uint64_t size = 0;
  TRY(place(tree_id, [&](int folder) -> Result<void> {
    TRY(size, unpack_package(zip, folder, state_->limits));
    return ok();
  }));
  return size;
}

Result<void> CodeStore::place(const std::string& tree_id,
                              const std::function<Result<void>(int)>& fill) {
  const fs::path staging = state_->code / unique_name(kStaging);
  TRY(make_folder(staging));
  const auto finish = [&]() -> Result<void> {
    TRY(auto folder, os::open_file(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(fill(folder.get()));
    // The root becomes /var/task, which every user inside may enter.
    if (::fchmod(folder.get(), 0755) != 0) return os_error("chmod " + staging.string());
    if (state_->limits.is_durable && ::fsync(folder.get()) != 0) {
      return os_error("fsync " + staging.string());
    }
    if (::rename(staging.c_str(), tree_path(tree_id).c_str()) == 0) return ok();
    // Another one has made the same meanwhile.
    if (errno != EEXIST && errno != ENOTEMPTY) {
      return os_error("rename to " + tree_path(tree_id).string());
    }
    remove_quietly(staging);
    return ok();
  };
  if (auto finished = finish(); !finished) {
    remove_quietly(staging);
    return finished;
  }
  return sync_folder(state_->code);
}

Result<InstalledImage> CodeStore::install_image(const fs::path& archive, const oci::Image& image,
                                                const ImageRules& rules) {
  return install_unpacked(image.tree_id(), archive, [&](int folder) {
    return oci::unpack(archive, image, folder, rules.files, rules.limits);
  });
}

Result<InstalledImage> CodeStore::install_root(const fs::path& archive, std::string_view sha256_hex,
                                               const RootRules& rules) {
  // Never that of a zip or of an image, which the same bytes could be, too.
  std::string tree_id = to_hex(sha256("proa runtime tree 1\n" + std::string(sha256_hex)));
  return install_unpacked(std::move(tree_id), archive, [&](int folder) {
    return oci::unpack_root(archive, folder, rules.additions, rules.limits);
  });
}

Result<InstalledImage> CodeStore::install_unpacked(std::string tree_id, const fs::path& archive,
                                                   const Unpack& unpack) {
  InstalledImage installed;
  installed.tree_id = std::move(tree_id);
  installed.lease = acquire_kept({installed.tree_id});
  const fs::path blob = state_->blobs / installed.tree_id;
  // Of a tree that is there, too: the archive has only said so far that this is what it holds, and
  // the tree may be another account's. Then what was unpacked goes again.
  TRY(place(installed.tree_id, [&](int folder) -> Result<void> {
    TRY(const auto unpacked, unpack(folder));
    installed.unpacked_bytes = unpacked.bytes;
    installed.skipped = unpacked.skipped;
    TRY(link_file(archive, blob));
    return sync_folder(state_->blobs);
  }));
  return installed;
}

Result<void> CodeStore::ensure_root(const std::string& tree_id, const RootRules& rules) {
  if (!is_tree_id(tree_id)) return Error(Errc::corrupt, "code tree '" + tree_id + "': not an id");
  if (is_there(tree_path(tree_id))) return ok();
  const fs::path blob = state_->blobs / tree_id;
  if (!is_there(blob)) {
    return Error(Errc::corrupt, "code tree " + tree_id + ": neither it nor its archive is there");
  }
  return place(tree_id, [&](int folder) -> Result<void> {
    TRY(oci::unpack_root(blob, folder, rules.additions, rules.limits));
    return ok();
  });
}

Result<void> CodeStore::ensure_image(const std::string& tree_id, const ImageRules& rules) {
  if (!is_tree_id(tree_id)) return Error(Errc::corrupt, "code tree '" + tree_id + "': not an id");
  if (is_there(tree_path(tree_id))) return ok();
  const fs::path blob = state_->blobs / tree_id;
  if (!is_there(blob)) {
    return Error(Errc::corrupt, "code tree " + tree_id + ": neither it nor its archive is there");
  }
  TRY(const auto images, oci::read_images(blob, "", rules.limits));
  for (const oci::Image& image : images) {
    if (image.tree_id() != tree_id) continue;
    return place(tree_id, [&](int folder) -> Result<void> {
      TRY(oci::unpack(blob, image, folder, rules.files, rules.limits));
      return ok();
    });
  }
  return Error(Errc::corrupt, "image archive " + tree_id + ": its content has changed");
}

Result<CodeLease> CodeStore::acquire(std::vector<std::string> tree_ids) {
  CodeLease lease = acquire_kept(std::move(tree_ids));
  // After counting: what is there now stays.
  for (const auto& tree_id : lease.tree_ids()) {
    if (!is_tree_id(tree_id) || !is_there(tree_path(tree_id))) {
      return Error(Errc::not_found, "code tree " + tree_id + ": not found");
    }
  }
  return lease;
}

CodeLease CodeStore::acquire_kept(std::vector<std::string> tree_ids) {
  const std::lock_guard guard(state_->mutex);
  for (const auto& tree_id : tree_ids) ++state_->counts[tree_id].leases;
  return CodeLease(state_, std::move(tree_ids));
}

void CodeStore::hold(const std::string& tree_id) {
  const std::lock_guard guard(state_->mutex);
  ++state_->counts[tree_id].holds;
}

void CodeStore::drop(const std::string& tree_id) {
  const std::lock_guard guard(state_->mutex);
  --state_->counts[tree_id].holds;
  state_->forget_if_unused(tree_id);
}

Result<void> CodeStore::ensure(const std::string& tree_id) {
  if (!is_tree_id(tree_id)) return Error(Errc::corrupt, "code tree '" + tree_id + "': not an id");
  if (is_there(tree_path(tree_id))) return ok();
  auto bytes = zip(tree_id);
  if (!bytes && bytes.error().code() == Errc::not_found) {
    return Error(Errc::corrupt, "code tree " + tree_id + ": neither it nor its zip is there");
  }
  if (!bytes) return bytes.error();
  if (to_hex(sha256(bytes.value())) != tree_id) {
    return Error(Errc::corrupt, "code zip " + tree_id + ": its content has changed");
  }
  TRY(unpack(bytes.value(), tree_id));
  return ok();
}

Result<void> CodeStore::sweep() {
  const auto is_ours = [](const std::string& name) {
    return name.starts_with(kStaging) || name.starts_with(kTrash) || name.starts_with(kNewFile);
  };
  for (const auto& folder : {state_->code, state_->blobs}) {
    std::error_code error;
    std::vector<fs::path> unused;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      const std::string name = at->path().filename().string();
      const std::lock_guard guard(state_->mutex);
      if (is_ours(name) || (is_tree_id(name) && !state_->is_used(name)))
        unused.push_back(at->path());
    }
    if (error) return os_error("list " + folder.string(), error.value());
    for (const auto& path : unused) {
      // An unused tree goes by way of the trash too: half of it must never look like all of it.
      fs::path trash = path;
      if (folder == state_->code && is_tree_id(path.filename().string())) {
        trash = state_->code / unique_name(kTrash);
        if (::rename(path.c_str(), trash.c_str()) != 0) return os_error("rename " + path.string());
      }
      fs::remove_all(trash, error);
      if (error) return os_error("remove " + trash.string(), error.value());
    }
  }
  return ok();
}

fs::path CodeStore::tree_path(std::string_view tree_id) const { return state_->code / tree_id; }

Result<std::string> CodeStore::zip(std::string_view tree_id) const {
  return os::read_file(state_->blobs / tree_id);
}

}  // namespace proa::catalog
