#include "calendar/calendar.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace proa::calendar {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameMax = 64;

/// Absl reads any path, and remembers for good each name that it was asked: only names of files
/// that are there reach it.
bool may_be_zone(std::string_view name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
  if (!is_plain || name.empty() || name.size() > kNameMax || name.front() == '/') return false;
  // Other counts of the same zones, and the host's own, are no zones of IANA.
  for (const std::string_view other : {"posix/", "right/", "localtime", "posixrules", "Factory"}) {
    if (name.starts_with(other)) return false;
  }
  const char* const folder = std::getenv("TZDIR");
  std::error_code failed;
  return fs::is_regular_file(fs::path(folder != nullptr ? folder : "/usr/share/zoneinfo") / name,
                             failed);
}

Error no_zone(std::string_view name) {
  return Error(Errc::invalid, "There is no time zone '" + std::string(name.substr(0, kNameMax)) +
                                  "': zones have IANA names, as Europe/Berlin or UTC");
}

}  // namespace

struct Zone::Rules {
  absl::TimeZone zone;
};

Zone::Zone() : Zone("UTC", std::make_shared<const Rules>(Rules{absl::UTCTimeZone()})) {}

Zone::Zone(std::string name, std::shared_ptr<const Rules> rules)
    : name_(std::move(name)), rules_(std::move(rules)) {}

Result<Zone> Zone::find(std::string_view name) {
  if (name == "UTC") return Zone();
  if (!may_be_zone(name)) return no_zone(name);
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &zone)) return no_zone(name);
  return Zone(std::string(name), std::make_shared<const Rules>(Rules{zone}));
}

Zone Zone::unknown(std::string name) {
  Zone zone;
  zone.name_ = std::move(name);
  zone.is_known_ = false;
  return zone;
}

CivilTime Zone::civil(WallTime time) const {
  const absl::CivilSecond shown = rules_->zone.At(absl::FromChrono(time)).cs;
  return {static_cast<int>(shown.year()),        static_cast<unsigned>(shown.month()),
          static_cast<unsigned>(shown.day()),    static_cast<unsigned>(shown.hour()),
          static_cast<unsigned>(shown.minute()), static_cast<unsigned>(shown.second())};
}

std::optional<WallTime> Zone::first(const CivilTime& civil) const {
  const absl::CivilSecond wanted(civil.year, civil.month, civil.day, civil.hour, civil.minute,
                                 civil.second);
  const absl::TimeZone::TimeInfo found = rules_->zone.At(wanted);
  if (found.kind == absl::TimeZone::TimeInfo::SKIPPED) return std::nullopt;
  return absl::ToChronoTime(found.pre);
}

std::string Zone::text(WallTime time) const {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", absl::FromChrono(time), rules_->zone);
}

std::string CivilTime::text() const {
  return absl::FormatCivilTime(absl::CivilSecond(year, month, day, hour, minute, second));
}

}  // namespace proa::calendar
