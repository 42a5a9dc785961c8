// Images: the read-only disks of virtual machines, made of what containers see of code, layers and
// the host's programs.
//
// Nouns: ImageRecipe (what one is made of, and by that its id), ImageStore (DATA/images: a file
// ID.erofs for each; what was not used for longest goes when they take too much), ImageMaker (has a
// container make what is not there). `apps/proa` owns them. The programs that make images run as
// function code does, since what they read is a function's. Long document:
// docs/decisions/0024-images.md.
#pragma once

#include "base/pending.h"
#include "base/task.h"
#include "base/task_group.h"
#include "base/turns.h"
#include "base/units.h"
#include "os/unique_fd.h"
#include "sandbox/sandbox.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::images {

/// What an image is made of, by a program of /var/runtime/image in a container.
struct ImageRecipe {
  std::string id;                           ///< 64 hex digits, of all that matters for the content
  std::string tree_id;                      ///< at /var/task; empty: none
  std::vector<std::string> layer_tree_ids;  ///< at /opt
  std::vector<std::string> arguments;       ///< the program and its own
};

/// An image of one code tree.
ImageRecipe code_recipe(const std::string& tree_id);
/// An image of layers, merged; later ones win. There is one at least.
ImageRecipe layers_recipe(const std::vector<std::string>& tree_ids);
/// The root of a runtime image, whose tree it is, with our bootstraps and bundled packages at
/// /var/runtime; `state` as of root_recipe().
ImageRecipe runtime_root_recipe(const std::string& tree_id, std::string_view state);
/// A root with these interpreters (paths inside) and what they need; `state` is anything that
/// changes when the host's files do.
ImageRecipe root_recipe(const std::vector<std::string>& interpreters, std::string_view state);

/// An image that is being written. Its file goes unless it is kept.
class NewImage {
 public:
  NewImage(std::filesystem::path path, os::UniqueFd file)
      : path_(std::move(path)), file_(std::move(file)) {}
  NewImage(NewImage&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  NewImage& operator=(NewImage&&) = delete;
  ~NewImage();

  int file() const { return file_.get(); }

 private:
  friend class ImageStore;
  std::filesystem::path path_;  ///< empty: there is none any more
  os::UniqueFd file_;
};

struct ImageStoreOptions {
  std::filesystem::path folder;     ///< exists, and is used by nobody else
  Bytes most = Bytes::mib(10'240);  ///< that all images take together, but for those of one start
};

/// What a store holds.
struct ImageTotals {
  std::size_t images = 0;
  Bytes bytes;
};

class ImageStore;

/// Images of one start of a machine: they make no room for others until it is over, when this goes.
/// Before the store; any thread.
class ImageHold {
 public:
  explicit ImageHold(ImageStore& store) : store_(store) {}
  ~ImageHold();
  ImageHold(const ImageHold&) = delete;
  ImageHold& operator=(const ImageHold&) = delete;

  /// This one too, whether or not it is there already.
  void add(const std::string& id);
  const std::vector<std::string>& ids() const { return ids_; }

 private:
  ImageStore& store_;
  std::vector<std::string> ids_;
};

/// Thread-safe; everything blocks for file operations, but for doubt(). Beside ID.erofs lies
/// ID.sum, the SHA-256 of its bytes.
class ImageStore {
 public:
  /// Removes what an interrupted process left half made. Errc: os.
  static Result<std::unique_ptr<ImageStore>> open(ImageStoreOptions options);

  /// Whether it is there as it was made; if so it counts as used now. The first time in a process
  /// all of it is read, and what has changed is removed.
  bool use(const std::string& id);
  /// Its file, open for reading. Errc: not_found, os.
  Result<os::UniqueFd> read(const std::string& id) const;
  /// A new file for an image. Errc: exhausted, os.
  Result<NewImage> begin();
  /// They may have changed since they were read: at its next use() each is read whole again.
  void doubt(const std::vector<std::string>& ids);
  /// Gives it its name, durably, and removes others where all take too much, but none that is held.
  /// A machine that runs from a removed one goes on. Errc: exhausted (disk full), os.
  Result<void> keep(NewImage image, const std::string& id);
  ImageTotals totals() const;
  Bytes most() const { return options_.most; }

 private:
  friend class ImageHold;
  explicit ImageStore(ImageStoreOptions options) : options_(std::move(options)) {}
  std::filesystem::path path_of(const std::string& id) const;
  std::filesystem::path sum_of(const std::string& id) const;
  bool is_intact(const std::string& id) const;
  bool is_held(const std::string& id) const;
  void remove(const std::string& id);
  Result<void> make_room(const std::filesystem::path& kept);

  ImageStoreOptions options_;
  mutable std::mutex mutex_;
  std::set<std::string> intact_;     ///< those that were read whole, or made, by this process
  std::multiset<std::string> held_;  ///< by ImageHold
};

/// Images that are made at the same time, each in a container of its own.
inline constexpr std::uint32_t kImagesAtOnce = 2;

/// Has containers make images that are not there, one for each recipe however many ask; other
/// recipes wait for their turn, and for nothing while an image is there. Belongs to one executor,
/// that of the containers, which has run to its end before this goes.
class ImageMaker {
 public:
  /// All outlive it. `blocking` is never held by a job, which may take minutes.
  ImageMaker(boost::asio::any_io_executor executor, sandbox::SandboxFactory& containers,
             ImageStore& store, boost::asio::thread_pool& blocking);

  /// Makes it unless it is there. On the executor. Errc: as sandbox::run_job(), but unavailable
  /// where the disk is full; os.
  Task<void> ensure(ImageRecipe recipe);

 private:
  struct Making {
    std::optional<Error> failure;
  };
  using Outcome = std::shared_ptr<Pending<Making>>;

  boost::asio::awaitable<void> make(ImageRecipe recipe, Outcome outcome);
  Task<void> make_unless_there(const ImageRecipe& recipe);
  Task<void> make_in_container(const ImageRecipe& recipe);

  boost::asio::any_io_executor executor_;
  sandbox::SandboxFactory& containers_;
  ImageStore& store_;
  boost::asio::thread_pool& blocking_;
  std::map<std::string, Outcome> making_;  ///< by id
  Turns turns_;
  boost::asio::thread_pool jobs_{kImagesAtOnce};
  TaskGroup tasks_;
};

}  // namespace proa::images
