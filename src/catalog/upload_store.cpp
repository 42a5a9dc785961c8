#include "catalog/upload_store.h"

#include "base/random.h"
#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace proa::catalog {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kExpireEvery{1};

Error no_upload(const std::string& id) {
  return Error(Errc::not_found,
               "There is no upload '" + id.substr(0, 64) +
                   "'. Uploads go when they have been used, when nobody goes on with them, and "
                   "with the daemon");
}

Error wrong_offset(std::uint64_t received) {
  return Error(Errc::conflict, "The next part begins at offset " + std::to_string(received));
}

/// Room for the whole file, so that a full disk is known before it is sent.
Result<void> take_room(int file, std::uint64_t bytes) {
  if (::fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0) return ok();
  if (errno != EOPNOTSUPP && errno != ENOSYS) return os_error("make room for an upload");
  if (::ftruncate(file, static_cast<off_t>(bytes)) != 0) return os_error("make room for an upload");
  return ok();
}

Result<void> write_at(int file, std::uint64_t offset, std::string_view part) {
  while (!part.empty()) {
    const ssize_t count = ::pwrite(file, part.data(), part.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("write to an upload");
    offset += static_cast<std::uint64_t>(count);
    part.remove_prefix(static_cast<std::size_t>(count));
  }
  return ok();
}

/// One archive on its way.
struct Upload {
  std::string account_id;
  std::uint64_t bytes = 0;
  Sha256Digest digest{};
  std::uint64_t received = 0;
  bool is_busy = false;  ///< a part is being written, without the mutex
  SteadyTime touched;
  os::UniqueFd file;
};

}  // namespace

struct UploadStore::State {
  State(fs::path used_folder, Clock& used_clock, const UploadLimits& used_limits)
      : folder(std::move(used_folder)), clock(used_clock), limits(used_limits) {}
  ~State();

  /// All with the mutex held.
  Result<void> check_room(const std::string& account_id, std::uint64_t bytes) const;
  Upload* find(const std::string& account_id, const std::string& id);
  void erase(const std::string& id);
  void expire();
  void start_expiring();

  const fs::path folder;
  Clock& clock;
  const UploadLimits limits;
  std::mutex mutex;
  RandomSource random;                    // guarded
  std::map<std::string, Upload> uploads;  // guarded; an entry that is busy is not erased
  std::condition_variable_any ending;
  std::jthread expiring;  // from the first upload on
};

UploadStore::State::~State() {
  expiring.request_stop();
  ending.notify_all();
  if (expiring.joinable()) expiring.join();
}

Result<void> UploadStore::State::check_room(const std::string& account_id,
                                            std::uint64_t bytes) const {
  std::size_t count = 0;
  std::uint64_t of_account = bytes;
  std::uint64_t of_all = bytes;
  for (const auto& [id, upload] : uploads) {
    of_all += upload.bytes;
    if (upload.account_id != account_id) continue;
    ++count;
    of_account += upload.bytes;
  }
  // One that is alone may be as large as uploads may be at all.
  if (count >= limits.account_uploads_max || (count > 0 && of_account > limits.account_bytes_max)) {
    return Error(Errc::conflict, "This account has " + std::to_string(count) +
                                     " uploads that wait to be used, which is as much as it may "
                                     "have; remove some, or wait until they are too old");
  }
  if (uploads.size() >= limits.uploads_max || of_all > limits.all_bytes_max) {
    return Error(Errc::conflict, "Too many uploads wait to be used; try again later");
  }
  return ok();
}

Upload* UploadStore::State::find(const std::string& account_id, const std::string& id) {
  const auto found = uploads.find(id);
  const bool is_there = found != uploads.end() && found->second.account_id == account_id;
  return is_there ? &found->second : nullptr;
}

void UploadStore::State::erase(const std::string& id) {
  ::unlink((folder / id).c_str());
  uploads.erase(id);
}

void UploadStore::State::expire() {
  const SteadyTime now = clock.steady_now();
  for (auto at = uploads.begin(); at != uploads.end();) {
    const auto next = std::next(at);
    const bool is_idle = !at->second.is_busy && now - at->second.touched >= limits.idle_max;
    if (is_idle) erase(std::string(at->first));
    at = next;
  }
}

void UploadStore::State::start_expiring() {
  if (expiring.joinable()) return;
  expiring = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      ending.wait_for(lock, stop, kExpireEvery, [] { return false; });
      expire();
    }
  });
}

UploadStore::UploadStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
UploadStore::~UploadStore() = default;

Result<std::unique_ptr<UploadStore>> UploadStore::open(const fs::path& data_folder, Clock& clock,
                                                       const UploadLimits& limits) {
  const fs::path folder = data_folder / "uploads";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return os_error("make folder " + folder.string());
  }
  // The folder itself may be another's to remove.
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    left.push_back(at->path());
  }
  for (const fs::path& path : left) {
    if (!error) fs::remove_all(path, error);
  }
  if (error) return os_error("empty " + folder.string(), error.value());
  return std::unique_ptr<UploadStore>(
      new UploadStore(std::make_unique<State>(folder, clock, limits)));
}

const UploadLimits& UploadStore::limits() const { return state_->limits; }

Result<UploadState> UploadStore::begin(const std::string& account_id, std::uint64_t bytes,
                                       const Sha256Digest& digest, UploadKind kind) {
  State& state = *state_;
  const bool is_image = kind == UploadKind::image;
  const std::uint64_t most = is_image ? state.limits.image_bytes_max : state.limits.bytes_max;
  if (bytes == 0) {
    return Error(Errc::invalid,
                 is_image ? "An image is no empty file" : "Uploaded file must be a non-empty zip");
  }
  if (bytes > most) {
    return Error(Errc::invalid,
                 "An upload must be smaller than " + std::to_string(most) + " bytes");
  }
  const std::lock_guard guard(state.mutex);
  state.expire();
  TRY(state.check_room(account_id, bytes));
  const std::string id = state.random.hex(16);
  Upload upload;
  upload.account_id = account_id;
  upload.bytes = bytes;
  upload.digest = digest;
  upload.touched = state.clock.steady_now();
  TRY(upload.file, os::open_file(state.folder / id, O_RDWR | O_CREAT | O_EXCL, 0600));
  const auto room = take_room(upload.file.get(), bytes);
  if (!room) {
    ::unlink((state.folder / id).c_str());
    return room.error();
  }
  state.uploads.emplace(id, std::move(upload));
  state.start_expiring();
  return UploadState{id, bytes, 0};
}

Result<UploadState> UploadStore::find(const std::string& account_id, const std::string& id) {
  const std::lock_guard guard(state_->mutex);
  const Upload* const upload = state_->find(account_id, id);
  if (upload == nullptr) return no_upload(id);
  return UploadState{id, upload->bytes, upload->received};
}

Result<UploadState> UploadStore::append(const std::string& account_id, const std::string& id,
                                        std::uint64_t offset, std::string_view part) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  Upload* const upload = state.find(account_id, id);
  if (upload == nullptr) return no_upload(id);
  if (upload->is_busy || offset != upload->received) return wrong_offset(upload->received);
  if (part.empty()) return Error(Errc::invalid, "A part of an upload must have bytes");
  if (part.size() > state.limits.part_bytes_max) {
    return Error(Errc::invalid, "A part of an upload has at most " +
                                    std::to_string(state.limits.part_bytes_max) + " bytes");
  }
  if (part.size() > upload->bytes - offset) {
    return Error(Errc::invalid, "The part ends behind the " + std::to_string(upload->bytes) +
                                    " bytes that the upload was begun with");
  }
  upload->is_busy = true;
  lock.unlock();
  const auto written = write_at(upload->file.get(), offset, part);
  lock.lock();
  upload->is_busy = false;
  upload->touched = state.clock.steady_now();
  if (!written) return written.error();
  upload->received += part.size();
  return UploadState{id, upload->bytes, upload->received};
}

Result<CompleteUpload> UploadStore::complete(const std::string& account_id, const std::string& id) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  Upload* const upload = state.find(account_id, id);
  if (upload == nullptr) return no_upload(id);
  if (upload->received < upload->bytes) {
    return Error(Errc::invalid, "The upload '" + id + "' has " + std::to_string(upload->received) +
                                    " of its " + std::to_string(upload->bytes) + " bytes");
  }
  upload->touched = state.clock.steady_now();
  upload->is_busy = true;
  lock.unlock();
  // Whoever links the file elsewhere says that it is durable.
  const bool is_synced = ::fsync(upload->file.get()) == 0;
  const int failure = errno;
  lock.lock();
  upload->is_busy = false;
  if (!is_synced) return os_error("fsync an upload", failure);
  return CompleteUpload{state.folder / id, upload->digest};
}

void UploadStore::remove(const std::string& account_id, const std::string& id) {
  const std::lock_guard guard(state_->mutex);
  const Upload* const upload = state_->find(account_id, id);
  if (upload == nullptr) return;
  if (upload->is_busy) return;
  state_->erase(id);
}

void UploadStore::expire() {
  const std::lock_guard guard(state_->mutex);
  state_->expire();
}

}  // namespace proa::catalog
