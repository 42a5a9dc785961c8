#include "catalog/object_folder.h"

#include "os/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace proa::catalog {
namespace {

Error s3_error(const std::string& begin, const std::string& code, const std::string& message) {
  return Error(Errc::invalid, begin + " S3 Error Code: " + code + ". S3 Error Message: " + message);
}

Error get_error(const std::string& code, const std::string& message) {
  return s3_error("Error occurred while GetObject.", code, message);
}

Error no_such_key() { return get_error("NoSuchKey", "The specified key does not exist."); }

Error denied(const S3Object& object) {
  return s3_error(
      "Your access has been denied by S3, please make sure your request credentials "
      "have permission to GetObject for " +
          object.bucket + "/" + object.key + ".",
      "AccessDenied", "Access Denied");
}

Error as_s3_error(const Error& error, const S3Object& object) {
  switch (error.os_errno()) {
    case ENOENT:
    case ENOTDIR:
    case EXDEV:         // out of the folder
    case ENAMETOOLONG:  // no file can have it
    case EINVAL:
      return no_such_key();
    case EACCES:
    case EPERM:
    case ELOOP:  // a symbolic link
      return denied(object);
    default:
      return error;
  }
}

/// A name that openat2(2) takes as it is: an inner NUL would cut it.
bool is_name(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find('\0') == std::string::npos;
}

}  // namespace

Result<std::string> ObjectFolder::read(const S3Object& object, std::uint64_t bytes_max) const {
  if (!folder_) {
    return get_error("NoSuchBucket",
                     "The specified bucket does not exist (proa serve was started without "
                     "--s3-folder)");
  }
  const bool is_bucket = is_name(object.bucket) && object.bucket.find('/') == std::string::npos &&
                         object.bucket != "." && object.bucket != "..";
  auto bucket = is_bucket ? os::open_beneath(folder_.get(), object.bucket, O_PATH | O_DIRECTORY)
                          : Result<os::UniqueFd>(Error(Errc::not_found, "", ENOENT));
  if (!bucket) {
    const Error error = as_s3_error(bucket.error(), object);
    if (bucket.error().os_errno() != ENOENT && bucket.error().os_errno() != ENOTDIR) return error;
    return get_error("NoSuchBucket", "The specified bucket does not exist");
  }
  if (!is_name(object.key)) return no_such_key();
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  auto file = os::open_beneath(bucket.value().get(), object.key, O_RDONLY | O_NONBLOCK);
  if (!file) return as_s3_error(file.error(), object);
  struct stat status {};
  if (::fstat(file.value().get(), &status) != 0) return os_error("stat " + object.key);
  if (!S_ISREG(status.st_mode)) return no_such_key();
  if (static_cast<std::uint64_t>(status.st_size) > bytes_max) {
    return Error(Errc::invalid,
                 "Unzipped size must be smaller than " + std::to_string(bytes_max) + " bytes");
  }
  return os::read_all(file.value().get());
}

}  // namespace proa::catalog
