// The stored form of function URLs and resource policies: parts of a function's record
// (records.h), each an object by qualifier. Private to catalog/.
//
//   "urls": {QUALIFIER: {"id": .., "auth": "NONE" | "AWS_IAM", "created_ms": N,
//     "last_modified_ms": N, "cors": {"allow_credentials": B, "allow_headers": [..],
//     "allow_methods": [..], "allow_origins": [..], "expose_headers": [..], "max_age_s": N} (each,
//     and cors itself, only if set)}}
//   "policies": {QUALIFIER: {"revision_id": .., "statements": [{"id": .., "action": ..,
//     "principal": .., and only if set "url_auth": "NONE" | "AWS_IAM", "via_url": B, "source_arn",
//     "source_account", "organization", "event_source_token": ..}]}}
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"

#include <boost/json/object.hpp>

#include <string>

namespace proa::catalog {

boost::json::object urls_to_json(const Urls& urls);
boost::json::object policies_to_json(const Policies& policies);

/// Errc: corrupt, naming `where`, the qualifier and the field.
Result<Urls> read_urls(const boost::json::object& object, const std::string& where);
Result<Policies> read_policies(const boost::json::object& object, const std::string& where);

}  // namespace proa::catalog
