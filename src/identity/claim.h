// What a request says about its signature, before any of it is believed. Private to identity/.
#pragma once

#include "base/result.h"
#include "http/http.h"

#include <boost/container/small_vector.hpp>

#include <string>
#include <string_view>

namespace proa::identity {

/// Parts of the Authorization header or of the presigned query. Views into the request.
struct Claim {
  bool is_presigned = false;
  std::string_view credential;  ///< KEY/DATE/REGION/SERVICE/aws4_request
  std::string_view key_id;
  std::string_view scope;  ///< the credential behind the key id and its slash
  std::string_view date;
  std::string_view region;
  std::string_view service;
  std::string_view terminator;
  std::string_view signature;
  std::string_view token;      ///< empty: none
  std::string_view timestamp;  ///< as received: ISO 8601 basic, or an HTTP date
  std::string_view expires;    ///< presigned: seconds, as received
  boost::container::small_vector<std::string_view, 16> signed_headers;  ///< in their order
};

/// Errc: not_found (nothing is signed), invalid (AWS's text for what is missing or malformed),
/// unsupported (another algorithm, by name).
Result<Claim> parse_claim(const http::Request& request);

}  // namespace proa::identity
