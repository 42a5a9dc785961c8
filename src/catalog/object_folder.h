// Objects of S3 as files below one folder of the host: s3://BUCKET/KEY is FOLDER/BUCKET/KEY.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <cstdint>
#include <string>

namespace proa::catalog {

/// Where code is, instead of in the request.
struct S3Object {
  std::string bucket;
  std::string key;
};

/// Reads objects. Made by main from a descriptor that was opened while it was root; nothing outside
/// of the folder can be reached, and no symbolic link is followed. Blocks; any thread.
class ObjectFolder {
 public:
  /// No folder: there is no bucket at all.
  ObjectFolder() = default;
  explicit ObjectFolder(os::UniqueFd folder) : folder_(std::move(folder)) {}

  /// The whole object. Errc: invalid (with Lambda's texts: NoSuchBucket, NoSuchKey, AccessDenied;
  /// or larger than `bytes_max`), exhausted, os.
  Result<std::string> read(const S3Object& object, std::uint64_t bytes_max) const;

 private:
  os::UniqueFd folder_;
};

}  // namespace proa::catalog
