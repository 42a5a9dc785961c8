// Bucket and key of a request against a folder of the host: whatever they say, only an object of
// the folder can be read, and neither what stands beside it nor what a symbolic link points to.
#include "catalog/object_folder.h"

#include "base/check.h"
#include "os/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;
using namespace proa;

void write(const fs::path& file, std::string_view text) { std::ofstream(file) << text; }

/// FOLDER/s3 with the bucket "b"; FOLDER/secret beside it.
class World {
 public:
  World() {
    std::string name = "/dev/shm/proa-s3-fuzz-XXXXXX";
    check(::mkdtemp(name.data()) != nullptr, "cannot make a folder in /dev/shm");
    folder_ = name;
    fs::create_directories(folder_ / "s3/b/d");
    write(folder_ / "secret", "secret");
    write(folder_ / "s3/secret", "secret");  // in no bucket
    write(folder_ / "s3/b/k", "object");
    write(folder_ / "s3/b/d/k", "object");
    fs::create_symlink("../../secret", folder_ / "s3/b/l");
    fs::create_directory_symlink("../..", folder_ / "s3/b/o");
    fs::create_directory_symlink("/", folder_ / "s3/r");
    auto folder = os::open_file(folder_ / "s3", O_PATH | O_DIRECTORY);
    check(folder.has_value(), "cannot open the folder");
    objects = catalog::ObjectFolder(std::move(folder.value()));
  }
  ~World() { fs::remove_all(folder_); }

  catalog::ObjectFolder objects;

 private:
  fs::path folder_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // A line break parts the bucket from the key.
  const std::size_t line = input.find('\n');
  catalog::S3Object object;
  object.bucket = input.substr(0, line);
  if (line != std::string_view::npos) object.key = input.substr(line + 1);
  const auto read = world.objects.read(object, 1024);
  if (read) {
    check(read.value() == "object", "something that is no object was read");
  } else {
    check(read.error().code() == Errc::invalid, "a name is answered as an error of ours");
  }
  return 0;
}
