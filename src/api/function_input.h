// Decoding what CreateFunction, UpdateFunctionConfiguration and UpdateFunctionCode have in common.
// Private to api/.
#pragma once

#include "api/fields.h"
#include "catalog/catalog.h"

#include <string>
#include <vector>

namespace proa::api {

/// The members that create and update share, checked against the model's constraints (problems of
/// `fields`). What is absent stays unset. Moves nothing and asks nobody.
catalog::ConfigChange decode_config(const Fields& fields);
/// What the constraints leave open: runtimes, variables, layers. Errc: invalid, unsupported.
Result<void> check_config(const catalog::ConfigChange& config);
/// Refuses members that ask for what Proa has not got, by name. Members that say nothing (null, "",
/// empty lists) and defaults pass. Errc: unsupported.
Result<void> refuse_unsupported_members(const Fields& fields);

/// The single architecture asked for, or nothing.
std::optional<std::string> decode_architecture(const Fields& fields);
/// Errc: unsupported when functions of that architecture cannot run here.
Result<void> check_architecture(const std::optional<std::string>& asked, const std::string& ours);

/// The members of `code`: base64 in ZipFile, S3Bucket and S3Key, ImageUri, or Proa's own ProaUpload
/// (the id of an upload). Broken constraints become problems. `prefix` is what stands before the
/// members in texts ("Code."). Errc: unsupported (versions of objects), invalid (none given, empty,
/// not base64), too_large (over 50 MB).
Result<catalog::ArchiveSource> decode_source(const Fields& code, const std::string& prefix);

/// "[a, b]", as Lambda prints a list that breaks a constraint.
std::string printed(const std::vector<std::string>& list);

}  // namespace proa::api
