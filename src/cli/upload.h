// Brings an archive to the daemon, in parts. Private to cli/.
#pragma once

#include "cli/endpoint.h"
#include "cli/progress.h"
#include "packaging/packaging.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace proa::cli {

/// Uploads the package and gives the id that stands for it in a change ("ProaUpload"); `kind` is
/// "zip" or "image". Goes on after a lost connection. Errc: as ask().
Result<std::string> upload(const Surroundings& around, const packaging::Package& package,
                           ProgressLine& progress, std::string_view kind = "zip");
/// Uploads an archive of the kind image and has it unpacked: a POST to `target` with `body` and the
/// upload's id, which may take half an hour. One that is refused is given up. Errc: as ask().
Result<boost::json::value> upload_and_unpack(const Surroundings& around,
                                             const packaging::Package& package,
                                             ProgressLine& progress, const char* target,
                                             const boost::json::object& body);
/// Gives an upload up that will not be used; whether that worked does not matter: it goes by age.
void forget_upload(const Surroundings& around, const std::string& id);

}  // namespace proa::cli
