#include "guest_root.h"

#include "base/encoding.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <span>
#include <system_error>

namespace proa::apps {
namespace {

namespace fs = std::filesystem;

/// Changes with every package that is installed, upgraded or removed.
constexpr const char* kPackages = "/var/lib/dpkg/status";

/// What containers are shown of the host's /etc, as it is when the daemon begins.
constexpr auto kShownOfEtc = std::to_array<const char*>(
    {"/etc/ld.so.cache", "/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt",
     "/etc/ssl/openssl.cnf", "/etc/mime.types", "/etc/alternatives"});

/// Size and time of a file; the daemon may not see it, then nothing.
std::string mark_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return std::to_string(status.st_size) + "," + std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

void add_folder(const fs::path& folder, std::vector<std::string>& lines) {
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) continue;
    lines.push_back(at->path().string() + " " + mark_of(at->path()));
  }
}

}  // namespace

GuestRoot::GuestRoot(const std::vector<environment::Interpreter>& interpreters,
                     const std::vector<fs::path>& folders, const std::string& resolv_conf) {
  std::vector<std::string> lines{PROA_VERSION, resolv_conf};
  for (const char* file : kShownOfEtc) lines.push_back(std::string(file) + " " + mark_of(file));
  for (const environment::Interpreter& one : interpreters) {
    if (one.is_in_usr) in_usr_.push_back(one.path_inside());
    lines.push_back(one.executable.string() + " " + one.version + " " + mark_of(one.executable));
  }
  for (const fs::path& folder : folders) add_folder(folder, lines);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text.append(line).append("\n");
  fixed_ = to_hex(sha256(text));
}

std::vector<std::string> GuestRoot::interpreters_for(const std::string& interpreter) const {
  std::vector<std::string> all = in_usr_;
  const bool is_other =
      !interpreter.empty() && std::find(all.begin(), all.end(), interpreter) == all.end();
  if (is_other) all.push_back(interpreter);
  return all;
}

std::string GuestRoot::state() const { return fixed_ + " " + mark_of(kPackages); }

}  // namespace proa::apps
