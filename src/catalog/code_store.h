// CodeStore: zips and the folders unpacked from them, by content, for as long as anyone needs them.
//
//   <data>/code/<tree_id>/   unpacked package; tree_id is the lower-case hex SHA-256 of the zip
//   <data>/blobs/<tree_id>   the zip itself; of a container image the archive it came in, and then
//   the
//                            tree's id is what its layers are (oci::Image::tree_id)
//   <data>/code/.staging-*   being unpacked; .trash-* being removed; both are swept at open()
//
// A rename makes a tree appear and disappear, so a crash leaves all of it or nothing. A tree is
// kept by *holds* (records refer to it; counted by the catalog) and by *leases* (environments and
// versions in flight use it). When the last of both is gone, it is removed on the blocking pool.
#pragma once

#include "base/encoding.h"
#include "base/result.h"
#include "catalog/package.h"
#include "oci/oci.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

/// Keeps trees (a function's code and its layers) from being removed. Movable; released by the
/// destructor, on any thread, without waiting. May outlive the CodeStore.
class CodeLease {
 public:
  CodeLease() = default;
  CodeLease(CodeLease&& other) noexcept;
  CodeLease& operator=(CodeLease&& other) noexcept;
  CodeLease(const CodeLease&) = delete;
  CodeLease& operator=(const CodeLease&) = delete;
  ~CodeLease();

  const std::vector<std::string>& tree_ids() const { return tree_ids_; }

 private:
  friend class CodeStore;
  struct State;
  CodeLease(std::shared_ptr<State> state, std::vector<std::string> tree_ids)
      : state_(std::move(state)), tree_ids_(std::move(tree_ids)) {}
  void release();

  std::shared_ptr<State> state_;  // shared with the store: a lease may end after it
  std::vector<std::string> tree_ids_;
};

/// A package that is there, and a lease that keeps it until a record holds it.
struct InstalledPackage {
  std::string tree_id;
  Sha256Digest digest{};  ///< of the zip
  std::uint64_t zip_bytes = 0;
  std::uint64_t unpacked_bytes = 0;
  CodeLease lease;
};

/// The files of a container image that are there, and a lease as above.
struct InstalledImage {
  std::string tree_id;
  std::uint64_t unpacked_bytes = 0;
  std::uint64_t skipped = 0;  ///< as oci::Unpacked
  CodeLease lease;
};

/// How images are unpacked.
struct ImageRules {
  oci::Limits limits;
  std::map<std::string, std::string> files;  ///< in every image: path to text
};

/// How roots of runtime images are unpacked.
struct RootRules {
  oci::Limits limits;
  oci::RootAdditions additions;
};

/// A zip that is in a file already.
struct StoredZip {
  std::filesystem::path file;  ///< durable, of the same file system, never changed again
  Sha256Digest digest{};       ///< what the zip must have
};

/// Owned by the catalog. Thread-safe behind one mutex, held for map look-ups and one rename: leases
/// end on any thread, and an executor of its own would make their destructor wait.
class CodeStore {
 public:
  /// Makes the folders (mode 0700). `blocking` is used until the store is destroyed; what was to be
  /// removed later than that is found by the next open(). Errc: exhausted, os.
  static Result<CodeStore> open(const std::filesystem::path& data_folder,
                                boost::asio::thread_pool& blocking, const PackageLimits& limits);
  CodeStore(CodeStore&&) = default;
  CodeStore& operator=(CodeStore&&) = delete;
  ~CodeStore();

  /// Unpacks and stores `zip`, unless it is there already. One at a time; blocks.
  /// Errc: as unpack_package().
  Result<InstalledPackage> install(std::string_view zip);
  /// The same for the bytes of `stored`, whose file gets a second name instead of being copied.
  /// Errc: also invalid (another SHA-256).
  Result<InstalledPackage> install(std::string_view zip, const StoredZip& stored);
  /// Unpacks `image` of `archive`, a file that changes no more and gets a second name. A tree that
  /// is there already stays; the archive has to hold it all the same. Several at a time; blocks.
  /// Errc: as oci::unpack().
  Result<InstalledImage> install_image(const std::filesystem::path& archive,
                                       const oci::Image& image, const ImageRules& rules);
  /// ensure() for the tree of an image.
  Result<void> ensure_image(const std::string& tree_id, const ImageRules& rules);
  /// The same two for the root of a runtime image, a tar file with that SHA-256 (64 hex digits),
  /// and what every root gets. Errc: as oci::unpack_root().
  Result<InstalledImage> install_root(const std::filesystem::path& archive,
                                      std::string_view sha256_hex, const RootRules& rules);
  Result<void> ensure_root(const std::string& tree_id, const RootRules& rules);
  /// Errc: not_found when a tree is not there.
  Result<CodeLease> acquire(std::vector<std::string> tree_ids);
  /// For a version whose trees are kept already (its record is held, or another lease is alive):
  /// cannot fail then.
  CodeLease acquire_kept(std::vector<std::string> tree_ids);
  /// A record refers to the tree from now on, or no longer.
  void hold(const std::string& tree_id);
  void drop(const std::string& tree_id);
  /// A tree that its record says is there: unpacked again from its zip when it is missing.
  /// Errc: corrupt (neither is there, or the zip is not what it was), and as install().
  Result<void> ensure(const std::string& tree_id);
  /// At open, once every record holds its trees: removes all else. Blocks. Errc: os.
  Result<void> sweep();

  std::filesystem::path tree_path(std::string_view tree_id) const;
  /// The zip. Errc: not_found, os.
  Result<std::string> zip(std::string_view tree_id) const;

 private:
  /// Unpacks into a tree, or what becomes one.
  using Unpack = std::function<Result<oci::Unpacked>(int folder)>;
  Result<InstalledImage> install_unpacked(std::string tree_id, const std::filesystem::path& archive,
                                          const Unpack& unpack);
  explicit CodeStore(std::shared_ptr<CodeLease::State> state) : state_(std::move(state)) {}
  Result<InstalledPackage> install(std::string_view zip, const StoredZip* stored);
  Result<std::uint64_t> unpack(std::string_view zip, const std::string& tree_id);
  /// Has `fill` make a tree in a folder of its own, then gives that its name.
  Result<void> place(const std::string& tree_id, const std::function<Result<void>(int)>& fill);

  std::shared_ptr<CodeLease::State> state_;  // leases and removals under way share it
};

}  // namespace proa::catalog
