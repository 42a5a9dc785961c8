// Where the archive of a change comes from.
#pragma once

#include "catalog/object_folder.h"

#include <optional>
#include <string>

namespace proa::catalog {

/// One of the four; api has checked that it is one.
struct ArchiveSource {
  std::string zip;                       ///< the raw archive itself
  std::optional<S3Object> object;        ///< an object that stands for one in S3
  std::optional<std::string> upload_id;  ///< of an upload of the same account: used once
  std::optional<std::string> image_uri;  ///< a container image that was loaded
};

}  // namespace proa::catalog
