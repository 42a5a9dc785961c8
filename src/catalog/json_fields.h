// Reads the fields of a stored JSON object strictly: every field is known, there, and of its type.
#pragma once

#include "base/json_list.h"
#include "base/result.h"
#include "base/units.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

/// Reads one object. The first thing that is wrong is kept and told by finish(), together with
/// fields that nobody asked for; until then the readers give empty values. `where` stands in
/// messages.
class JsonFields {
 public:
  JsonFields(const boost::json::object& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  std::string text(std::string_view name);
  bool boolean(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max);
  std::optional<std::uint64_t> optional_number(std::string_view name, std::uint64_t min,
                                               std::uint64_t max);
  /// From 0 to 1.
  std::optional<double> optional_fraction(std::string_view name);
  /// Milliseconds since 1970, at most what the clock's nanoseconds can say: the year 2262.
  WallTime time(std::string_view name);
  std::optional<std::string> optional_text(std::string_view name);
  std::optional<bool> optional_boolean(std::string_view name);
  std::optional<std::vector<std::string>> optional_texts(std::string_view name);
  /// Null where there is none.
  const boost::json::object* optional_object(std::string_view name);
  std::map<std::string, std::string> text_map(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  /// A nested object, or an empty one after an error.
  const boost::json::object& object(std::string_view name);
  /// A list of objects.
  std::vector<const boost::json::object*> objects(std::string_view name);

  /// Notes an error of the caller's own check.
  void reject(std::string_view name, std::string_view what);
  /// Errc: corrupt.
  Result<void> finish() const;

 private:
  bool has(std::string_view name) const;
  const boost::json::value* get(std::string_view name);

  const boost::json::object& object_;
  std::string where_;
  std::set<std::string, std::less<>> seen_;
  std::optional<std::string> problem_;
};

/// A stored document, whose format number may be up to `newest`. Errc: corrupt, unsupported
/// (newer).
Result<boost::json::object> parse_record(std::string_view bytes, std::uint64_t newest,
                                         const std::string& where);

}  // namespace proa::catalog
