// Function URLs, as what several verbs do. Private to cli/.
#pragma once

#include "cli/cli.h"
#include "templates/templates.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace proa::cli {

/// The date in the paths of the URL operations.
inline constexpr const char* kUrlApiDate = "2021-10-31";

/// Sets a member of a request to a list; leaves it out where the list is empty.
void put_texts(boost::json::object& object, const char* member,
               const std::vector<std::string>& texts);

/// Makes the URL of a function (NAME or NAME:ALIAS), or changes the one there is; with auth type
/// NONE everybody is let in, too. `config` is what CreateFunctionUrlConfig takes. Errc: as ask().
Result<boost::json::value> put_url(const Surroundings& around, const std::string& name,
                                   const boost::json::object& config);
/// Removes it with the permission that put_url() made. Errc: as ask().
Result<void> remove_url(const Surroundings& around, const std::string& name);

/// Brings the URL of a template's function up to date. The changes in words. Errc: as ask().
Result<std::vector<std::string>> set_url(const Surroundings& around,
                                         const templates::TemplateFunction& function);

}  // namespace proa::cli
