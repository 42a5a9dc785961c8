#include "api/runtimes.h"

#include <algorithm>
#include <array>
#include <string>

namespace proa::api {
namespace {

/// Every identifier in the API model. Versions that AWS has retired stay: the interpreter here is
/// the user's own.
constexpr auto kRuntimes = std::to_array<std::string_view>(
    {"nodejs",     "nodejs4.3",  "nodejs6.10",     "nodejs8.10",   "nodejs10.x",
     "nodejs12.x", "nodejs14.x", "nodejs16.x",     "nodejs18.x",   "nodejs20.x",
     "nodejs22.x", "nodejs24.x", "nodejs4.3-edge", "python3.6",    "python3.7",
     "python3.8",  "python3.9",  "python3.10",     "python3.11",   "python3.12",
     "python3.13", "python3.14", "provided",       "provided.al2", "provided.al2023"});
constexpr auto kOtherRuntimes = std::to_array<std::string_view>(
    {"java8",         "java8.al2",     "java11",        "java17",        "java21",  "java25",
     "dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1", "dotnet6", "dotnet8",
     "dotnet10",      "go1.x",         "ruby2.5",       "ruby2.7",       "ruby3.2", "ruby3.3",
     "ruby3.4",       "ruby4.0",       "python2.7"});

template <std::size_t kSize>
bool contains(const std::array<std::string_view, kSize>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool is_custom_runtime(std::string_view runtime) { return runtime.starts_with("provided"); }

bool is_known_runtime(std::string_view runtime) {
  return contains(kRuntimes, runtime) || contains(kOtherRuntimes, runtime);
}

std::string known_runtimes() {
  std::string text = "[";
  for (const std::string_view name : kRuntimes) text.append(name).append(", ");
  for (const std::string_view name : kOtherRuntimes) text.append(name).append(", ");
  text.resize(text.size() - 2);
  return text + "]";
}

Result<void> check_runtime(std::string_view runtime) {
  if (contains(kRuntimes, runtime)) return ok();
  if (contains(kOtherRuntimes, runtime)) {
    return Error(Errc::unsupported,
                 "The runtime " + std::string(runtime) + " is not supported by Proa yet");
  }
  std::string text =
      "Value " + std::string(runtime) +
      " at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [";
  for (std::size_t i = 0; i < kRuntimes.size(); ++i)
    text.append(i > 0 ? ", " : "").append(kRuntimes[i]);
  return Error(Errc::invalid, text + "] or be a valid ARN");
}

}  // namespace proa::api
