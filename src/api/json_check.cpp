#include "api/json_check.h"

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>

namespace proa::api {
namespace {

namespace json = boost::json;

/// As deep as Lambda's own parser goes. The parser recurses, but so little a level that this fits
/// in a thread's stack many times over.
constexpr std::size_t kDepthMax = 1000;

/// Takes every part of a document and keeps nothing.
struct Ignore {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using Code = boost::system::error_code;
  using View = json::string_view;
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(View, std::size_t, Code&) { return true; }
  bool on_key(View, std::size_t, Code&) { return true; }
  bool on_string_part(View, std::size_t, Code&) { return true; }
  bool on_string(View, std::size_t, Code&) { return true; }
  bool on_number_part(View, Code&) { return true; }
  bool on_int64(std::int64_t, View, Code&) { return true; }
  bool on_uint64(std::uint64_t, View, Code&) { return true; }
  bool on_double(double, View, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }
};

}  // namespace

std::optional<std::string> json_defect(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::basic_parser<Ignore> parser(options);
  boost::system::error_code error;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), error);
  if (error) return error.message() + " at byte " + std::to_string(taken);
  const std::size_t rest = text.find_first_not_of(" \t\r\n", taken);
  if (rest != std::string_view::npos) {
    return "unexpected characters behind the value at byte " + std::to_string(rest);
  }
  return std::nullopt;
}

}  // namespace proa::api
