#include "images/images.h"
#include "os/file.h"
#include "os/file_digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

namespace proa::images {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".erofs";
constexpr const char* kSumSuffix = ".sum";
constexpr const char* kNewBegin = ".new-";
/// In a folder that is ours alone; the launcher opens it for a machine, which is another user.
constexpr mode_t kMode = 0644;

struct Stored {
  fs::path path;
  std::uint64_t bytes = 0;
  timespec used{};
};

std::vector<Stored> stored_in(const fs::path& folder) {
  std::vector<Stored> all;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    struct stat status {};
    if (at->path().extension() != kSuffix) continue;
    if (::lstat(at->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    all.push_back({at->path(), static_cast<std::uint64_t>(status.st_size), status.st_mtim});
  }
  return all;
}

}  // namespace

NewImage::~NewImage() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

ImageHold::~ImageHold() {
  const std::lock_guard guard(store_.mutex_);
  for (const std::string& id : ids_) store_.held_.erase(store_.held_.find(id));
}

void ImageHold::add(const std::string& id) {
  ids_.push_back(id);
  const std::lock_guard guard(store_.mutex_);
  store_.held_.insert(id);
}

Result<std::unique_ptr<ImageStore>> ImageStore::open(ImageStoreOptions options) {
  std::error_code failed;
  std::vector<fs::path> left;
  for (fs::directory_iterator at(options.folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().filename().string().starts_with(kNewBegin)) left.push_back(at->path());
  }
  for (const fs::path& path : left) {
    if (!failed) fs::remove(path, failed);
  }
  if (failed) return os_error("clear " + options.folder.string(), failed.value());
  return std::unique_ptr<ImageStore>(new ImageStore(std::move(options)));
}

fs::path ImageStore::path_of(const std::string& id) const {
  return options_.folder / (id + kSuffix);
}

fs::path ImageStore::sum_of(const std::string& id) const {
  return options_.folder / (id + kSumSuffix);
}

bool ImageStore::is_intact(const std::string& id) const {
  const auto sum = os::read_file(sum_of(id));
  const auto digest = os::file_digest(path_of(id));
  return sum && digest && sum.value() == digest.value().sha256;
}

Result<os::UniqueFd> ImageStore::read(const std::string& id) const {
  auto file = os::open_file(path_of(id), O_RDONLY);
  return file ? std::move(file) : file.error().with_context("image " + id);
}

void ImageStore::remove(const std::string& id) {
  ::unlink(path_of(id).c_str());
  ::unlink(sum_of(id).c_str());
  const std::lock_guard guard(mutex_);
  intact_.erase(id);
}

bool ImageStore::is_held(const std::string& id) const {
  const std::lock_guard guard(mutex_);
  return held_.contains(id);
}

bool ImageStore::use(const std::string& id) {
  if (::utimensat(AT_FDCWD, path_of(id).c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0) return false;
  {
    const std::lock_guard guard(mutex_);
    if (intact_.contains(id)) return true;
  }
  if (!is_intact(id)) {
    remove(id);
    return false;
  }
  const std::lock_guard guard(mutex_);
  intact_.insert(id);
  return true;
}

void ImageStore::doubt(const std::vector<std::string>& ids) {
  const std::lock_guard guard(mutex_);
  for (const std::string& id : ids) intact_.erase(id);
}

Result<NewImage> ImageStore::begin() {
  std::string name = options_.folder / (std::string(kNewBegin) + "XXXXXX");
  os::UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return os_error("create an image in " + options_.folder.string());
  return NewImage(std::move(name), std::move(file));
}

Result<void> ImageStore::keep(NewImage image, const std::string& id) {
  if (::fchmod(image.file(), kMode) != 0 || ::fsync(image.file()) != 0) {
    return os_error("keep image " + id);
  }
  TRY(const auto digest, os::file_digest(image.path_));
  TRY(os::replace_file(sum_of(id), digest.sha256, kMode));
  const fs::path path = path_of(id);
  if (::rename(image.path_.c_str(), path.c_str()) != 0) return os_error("name image " + id);
  image.path_.clear();
  {
    const std::lock_guard guard(mutex_);
    intact_.insert(id);
  }
  return make_room(path);
}

// The one that was just made stays, however large, and so do those of the same start.
Result<void> ImageStore::make_room(const fs::path& kept) {
  std::vector<Stored> all = stored_in(options_.folder);
  std::uint64_t bytes = 0;
  for (const Stored& one : all) bytes += one.bytes;
  std::sort(all.begin(), all.end(), [](const Stored& a, const Stored& b) {
    return std::tuple(a.used.tv_sec, a.used.tv_nsec) < std::tuple(b.used.tv_sec, b.used.tv_nsec);
  });
  for (const Stored& one : all) {
    if (bytes <= options_.most.count()) break;
    const std::string id = one.path.stem().string();
    if (one.path == kept || is_held(id)) continue;
    remove(id);
    bytes -= one.bytes;
  }
  return ok();
}

ImageTotals ImageStore::totals() const {
  ImageTotals totals;
  std::uint64_t bytes = 0;
  for (const Stored& one : stored_in(options_.folder)) {
    ++totals.images;
    bytes += one.bytes;
  }
  totals.bytes = Bytes(bytes);
  return totals;
}

}  // namespace proa::images
