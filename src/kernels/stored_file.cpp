#include "kernels/stored_file.h"

#include "base/encoding.h"
#include "os/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace proa::kernels {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadAtOnce = std::size_t{256} * 1024;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

/// Neither a link nor a pipe, whoever has put it there.
Result<os::UniqueFd> open_regular(const fs::path& file, std::uint64_t& bytes) {
  TRY(auto opened, os::open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return os_error("stat " + file.string());
  if (!S_ISREG(status.st_mode)) {
    return Error(Errc::corrupt, file.filename().string() + " is not a regular file");
  }
  bytes = static_cast<std::uint64_t>(status.st_size);
  return opened;
}

}  // namespace

Result<std::uint64_t> size_of(const fs::path& file) {
  std::uint64_t bytes = 0;
  TRY(open_regular(file, bytes));
  return bytes;
}

Result<KernelFile> measure(const fs::path& file) {
  KernelFile measured;
  TRY(const auto opened, open_regular(file, measured.bytes));
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::string part(kReadAtOnce, '\0');
  measured.bytes = 0;
  for (;;) {
    const ssize_t got = ::read(opened.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read " + file.string());
    if (got == 0) break;
    measured.bytes += static_cast<std::uint64_t>(got);
    EVP_DigestUpdate(context.get(), part.data(), static_cast<std::size_t>(got));
  }
  Sha256Digest digest = {};
  EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  measured.sha256 = to_hex(digest);
  return measured;
}

Result<void> sync(const fs::path& path) {
  TRY(const auto opened, os::open_file(path, O_RDONLY));
  if (::fsync(opened.get()) != 0) return os_error("fsync " + path.string());
  return ok();
}

Result<NewFolder> NewFolder::make(const fs::path& parent) {
  std::string name = (parent / (std::string(kBegin) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return os_error("create a folder in " + parent.string());
  return NewFolder(std::move(name));
}

NewFolder::~NewFolder() {
  std::error_code failed;  // what stays is removed by the next start
  if (!path_.empty()) fs::remove_all(path_, failed);
}

Result<void> NewFolder::keep_as(const fs::path& name) {
  TRY(sync(path_));
  if (::rename(path_.c_str(), name.c_str()) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
      return Error(Errc::conflict, name.string() + " exists");
    }
    return os_error("rename to " + name.string());
  }
  path_.clear();
  return sync(name.parent_path());
}

}  // namespace proa::kernels
