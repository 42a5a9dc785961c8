#include "os/mapped_file.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

namespace proa::os {

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  TRY(const auto file, open_file(path, O_RDONLY | O_NOFOLLOW));
  return map(file.get(), path.string());
}

Result<MappedFile> MappedFile::map(int file, const std::string& name) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return os_error("stat " + name);
  MappedFile mapped;
  if (status.st_size == 0) return mapped;  // mmap(2) takes no empty range
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (begin == MAP_FAILED) return os_error("map " + name);
  mapped.begin_ = begin;
  mapped.size_ = size;
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : begin_(std::exchange(other.begin_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this == &other) return *this;
  reset();
  begin_ = std::exchange(other.begin_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void MappedFile::reset() {
  if (begin_ != nullptr) ::munmap(begin_, size_);
  begin_ = nullptr;
  size_ = 0;
}

}  // namespace proa::os
