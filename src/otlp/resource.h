// The resource that spans and log records of a function belong to. Private to otlp/.
#pragma once

#include "otlp/json.h"
#include "otlp/otlp.h"

#include <compare>
#include <string_view>

namespace proa::otlp {

/// A function version in one environment; views into a span or a record.
struct FunctionResource {
  std::string_view account_id;
  std::string_view region;
  std::string_view function;  ///< empty: not known
  std::string_view version;
  std::string_view environment_id;  ///< empty: no code ran

  auto operator<=>(const FunctionResource&) const = default;
};

/// By the conventions for functions:
/// https://opentelemetry.io/docs/specs/semconv/resource/faas/
Attributes attributes_of(const FunctionResource& function, const Identity& identity);
/// {"name": "proa", "version": ...}
boost::json::object scope_of(const Identity& identity);

}  // namespace proa::otlp
