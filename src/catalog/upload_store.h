// UploadStore: archives that come in parts, for packages too large for one request.
//
//   <data>/uploads/<id>   one that is coming or waits to be used; all of them go at open()
//
// An upload is begun with its size and SHA-256, filled from its beginning by parts, and used once
// by a change of the catalog, which takes it away. What nobody fills or uses goes by its age, and
// what is there is bounded by number and bytes, declared ones: a disk cannot be filled by promises.
// Long document: docs/decisions/0016-uploads.md.
#pragma once

#include "base/clock.h"
#include "base/encoding.h"
#include "base/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace proa::catalog {

struct UploadLimits {
  std::uint64_t bytes_max = 294912000;  ///< of one: 250 MiB of files, as bad as zips get
  std::uint64_t image_bytes_max = 10ULL * 1024 * 1024 * 1024;  ///< of one that is an image
  std::uint64_t part_bytes_max = 8 * 1024 * 1024;  ///< what the daemon holds in memory for one
  std::size_t account_uploads_max = 16;
  /// Declared, of one account; an image alone may be larger.
  std::uint64_t account_bytes_max = 2ULL * 1024 * 1024 * 1024;
  std::size_t uploads_max = 64;
  std::uint64_t all_bytes_max = 12ULL * 1024 * 1024 * 1024;
  std::chrono::seconds idle_max{900};  ///< since it was begun, filled or used
};

/// What comes.
enum class UploadKind { zip, image };

/// How far an upload is; a value.
struct UploadState {
  std::string id;
  std::uint64_t bytes = 0;     ///< as declared
  std::uint64_t received = 0;  ///< where the next part begins
};

/// All of it is there.
struct CompleteUpload {
  std::filesystem::path file;  ///< changes no more
  Sha256Digest digest{};       ///< as declared; whoever reads the file compares it
};

/// Owned by the catalog. Thread-safe behind one mutex, which is not held while bytes are written.
/// Everything but its destructor blocks: for the blocking pool.
class UploadStore {
 public:
  /// Makes the folder (mode 0700) or empties it: an upload does not outlive its daemon. `clock`
  /// outlives the store. Errc: exhausted, os.
  static Result<std::unique_ptr<UploadStore>> open(const std::filesystem::path& data_folder,
                                                   Clock& clock, const UploadLimits& limits);
  ~UploadStore();
  UploadStore(const UploadStore&) = delete;
  UploadStore& operator=(const UploadStore&) = delete;

  const UploadLimits& limits() const;
  /// Takes the room on the disk at once. Errc: invalid (no bytes, too many), conflict (too many
  /// uploads, or bytes of them), exhausted (disk full), os.
  Result<UploadState> begin(const std::string& account_id, std::uint64_t bytes,
                            const Sha256Digest& digest, UploadKind kind = UploadKind::zip);
  /// Those of other accounts are not there. Errc: not_found.
  Result<UploadState> find(const std::string& account_id, const std::string& id);
  /// Writes `part` at `offset`, which must be where the next one begins. Errc: not_found, conflict
  /// (another offset, or a part is being written: both name where to go on), invalid (empty, too
  /// large, behind the end), exhausted, os.
  Result<UploadState> append(const std::string& account_id, const std::string& id,
                             std::uint64_t offset, std::string_view part);
  /// Errc: not_found, invalid (parts are missing), os.
  Result<CompleteUpload> complete(const std::string& account_id, const std::string& id);
  /// Removing what is not there is no error.
  void remove(const std::string& account_id, const std::string& id);
  /// Removes what has been idle for too long; a thread of the store does so once a minute.
  void expire();

 private:
  struct State;
  explicit UploadStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace proa::catalog
