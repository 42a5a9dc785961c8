// Pieces of OTLP's JSON: attributes and numbers. Private to otlp/.
#pragma once

#include "base/units.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace proa::otlp {

/// 64-bit integers are texts in protobuf's JSON.
inline std::string integer(std::uint64_t value) { return std::to_string(value); }

inline std::string unix_nanoseconds(WallTime time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  return std::to_string(since.count());
}

class Attributes {
 public:
  void add(std::string_view key, std::string_view value) {
    put(key, "stringValue", text_of(value));
  }
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, bool value) { put(key, "boolValue", value); }
  void add(std::string_view key, std::uint64_t value) {
    put(key, "intValue", text_of(integer(value)));
  }
  /// A list of one.
  void add_list(std::string_view key, std::string_view value) {
    boost::json::object one;
    one["stringValue"] = text_of(value);
    boost::json::object list;
    list["values"] = boost::json::array{std::move(one)};
    put(key, "arrayValue", std::move(list));
  }
  boost::json::array take() { return std::move(list_); }

 private:
  static boost::json::value text_of(std::string_view text) {
    return boost::json::string(boost::json::string_view(text.data(), text.size()));
  }
  void put(std::string_view key, std::string_view type, boost::json::value value) {
    boost::json::object typed;
    typed[type] = std::move(value);
    boost::json::object one;
    one["key"] = key;
    one["value"] = std::move(typed);
    list_.push_back(std::move(one));
  }
  boost::json::array list_;
};

}  // namespace proa::otlp
