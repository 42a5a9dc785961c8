#include "cli/credentials_file.h"

#include "cli/human.h"
#include "cli/text.h"
#include "cli/words.h"

#include <algorithm>
#include <map>

namespace proa::cli {
namespace {

using Profile = std::map<std::string, std::string, std::less<>>;
using Profiles = std::map<std::string, Profile, std::less<>>;

/// "[name]", or "[profile name]" as in ~/.aws/config.
std::string_view profile_name(std::string_view line) {
  std::string_view name = trimmed(line.substr(1, line.size() - 2));
  constexpr std::string_view kPrefix = "profile ";
  if (name.starts_with(kPrefix)) name = trimmed(name.substr(kPrefix.size()));
  return name;
}

Result<Profiles> parse_profiles(std::string_view text) {
  Profiles profiles;
  Profile* current = nullptr;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), whole.size() + 1));
    const bool is_nested = whole.starts_with(' ') || whole.starts_with('\t');
    const std::string_view line = trimmed(whole);
    if (line.empty() || line[0] == '#' || line[0] == ';' || is_nested) continue;
    if (line.front() == '[' && line.back() == ']') {
      current = &profiles[std::string(profile_name(line))];
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || current == nullptr) {
      return Error(Errc::invalid, "line " + std::to_string(number) +
                                      " is neither [a profile] nor a setting of one");
    }
    (*current)[lower(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return profiles;
}

std::string names_of(const Profiles& profiles) {
  std::string names;
  for (const auto& [name, profile] : profiles) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

Result<Profile> choose(const Profiles& profiles, std::string_view wanted) {
  if (profiles.empty()) return Error(Errc::invalid, "there is no profile in it");
  if (wanted.empty()) {
    if (profiles.size() == 1) return profiles.begin()->second;
    return Error(Errc::invalid,
                 "it has several profiles: say which with --profile (" + names_of(profiles) + ")");
  }
  const auto found = profiles.find(wanted);
  if (found != profiles.end()) return found->second;
  return Error(Errc::invalid, "there is no profile '" + std::string(wanted) +
                                  "' in it; there are: " + names_of(profiles));
}

std::string value_of(const Profile& profile, std::string_view name) {
  const auto found = profile.find(name);
  return found == profile.end() ? std::string() : found->second;
}

}  // namespace

Result<ProfileCredentials> parse_credentials(std::string_view text, std::string_view wanted) {
  TRY(const auto profiles, parse_profiles(text));
  TRY(const auto profile, choose(profiles, wanted));
  ProfileCredentials credentials;
  credentials.access_key_id = value_of(profile, "aws_access_key_id");
  credentials.secret_access_key = value_of(profile, "aws_secret_access_key");
  credentials.session_token = value_of(profile, "aws_session_token");
  for (const char* name : {"aws_access_key_id", "aws_secret_access_key"}) {
    if (value_of(profile, name).empty()) {
      return Error(Errc::invalid, std::string("the profile has no ") + name);
    }
  }
  credentials.expires_text = value_of(profile, "x_security_token_expires");
  credentials.expires = parse_time(credentials.expires_text);
  return credentials;
}

Result<ProfileCredentials> read_credentials(const std::string& path, std::string_view profile) {
  TRY(const auto text, read_file(path));
  auto parsed = parse_credentials(text, profile);
  if (!parsed) return parsed.error().with_context(path);
  return parsed;
}

}  // namespace proa::cli
