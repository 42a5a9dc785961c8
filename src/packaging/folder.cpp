#include "packaging/folder.h"

#include "base/utf8.h"
#include "os/file.h"
#include "packaging/ignore_rules.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>

namespace proa::packaging {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSourceBytesMax = 1024 * 1024;
constexpr std::uint64_t kIgnoreFileMax = 256 * 1024;
constexpr std::size_t kIgnoredKept = 20;
constexpr std::size_t kDepthMax = 100;

Error in_words(const Error& error, const fs::path& path) {
  if (error.os_errno() != EACCES && error.os_errno() != EPERM) return error;
  return Error(Errc::os, "cannot read " + path.string() + ": Permission denied", error.os_errno());
}

/// Whether a link at `path` with `target` stays in the package, as far as names tell.
bool stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.front() == '/') return false;
  auto depth = std::count(path.begin(), path.end(), '/');
  while (!target.empty()) {
    const std::size_t slash = target.find('/');
    const std::string_view name = target.substr(0, slash);
    target.remove_prefix(slash == std::string_view::npos ? target.size() : slash + 1);
    if (name.empty() || name == ".") continue;
    depth += name == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

std::string_view kind_name(mode_t mode) {
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISFIFO(mode)) return "a pipe";
  return "a device";
}

/// "12.3 MB"
std::string megabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = (bytes + 52428) / 104858;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

/// One walk over a folder.
class Walk {
 public:
  Walk(const fs::path& top, const Limits& limits, std::string_view more_rules)
      : limits_(limits), more_rules_(more_rules) {
    contents_.kind = Contents::Kind::folder;
    contents_.path = top;
  }
  Result<Contents> run();

 private:
  Result<void> read_rules();
  Result<void> enter(const std::string& inside, std::size_t depth);
  Result<std::vector<std::string>> names_in(const fs::path& folder) const;
  Result<void> add(const std::string& path, std::size_t depth);
  Result<void> add_link(const std::string& path);
  Result<void> add_file(const std::string& path, const struct stat& status);
  Result<void> push(Entry entry);

  const Limits& limits_;
  const std::string_view more_rules_;
  Contents contents_;
  IgnoreRules rules_ = IgnoreRules::defaults();
};

Result<Contents> Walk::run() {
  TRY(read_rules());
  rules_.add(more_rules_);
  TRY(enter("", 0));
  std::sort(contents_.entries.begin(), contents_.entries.end(),
            [](const Entry& a, const Entry& b) { return a.path < b.path; });
  std::sort(contents_.ignored.begin(), contents_.ignored.end());
  contents_.ignored.resize(std::min(contents_.ignored.size(), kIgnoredKept));
  if (contents_.bytes > limits_.unpacked_bytes_max) return too_large(contents_, limits_);
  if (contents_.entries.empty()) {
    return Error(Errc::invalid, contents_.path.string() + " has nothing to deploy");
  }
  return std::move(contents_);
}

Result<void> Walk::read_rules() {
  const fs::path file = contents_.path / ".proaignore";
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (failed) return ok();  // there is none, or reading says what is wrong
  if (size > kIgnoreFileMax) {
    return Error(Errc::invalid, file.string() + " is larger than 256 KiB");
  }
  const auto text = os::read_file(file);
  if (!text) return in_words(text.error(), file);
  rules_.add(text.value());
  return ok();
}

Result<std::vector<std::string>> Walk::names_in(const fs::path& folder) const {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> open(::opendir(folder.c_str()));
  if (!open) return in_words(os_error("read folder " + folder.string()), folder);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* const entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return os_error("read folder " + folder.string());
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> Walk::enter(const std::string& inside, std::size_t depth) {
  if (depth > kDepthMax) {
    return Error(Errc::invalid, inside.substr(0, 200) + "... is more than 100 folders deep");
  }
  TRY(const auto names, names_in(contents_.path / inside));
  const std::size_t before = contents_.entries.size();
  for (const std::string& name : names) {
    TRY(add(inside.empty() ? name : inside + "/" + name, depth));
  }
  // Others come into being with what is in them.
  if (names.empty() && !inside.empty() && contents_.entries.size() == before) {
    Entry entry;
    entry.kind = Entry::Kind::empty_folder;
    entry.path = inside;
    return push(std::move(entry));
  }
  return ok();
}

Result<void> Walk::add(const std::string& path, std::size_t depth) {
  const fs::path file = contents_.path / path;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    return in_words(os_error("look at " + file.string()), file);
  }
  if (rules_.ignores(path, S_ISDIR(status.st_mode))) {
    ++contents_.ignored_count;
    if (contents_.ignored.size() < kIgnoredKept) contents_.ignored.push_back(path);
    return ok();
  }
  if (!is_utf8(path)) {
    return Error(Errc::invalid, file.string() + " has a name that is not UTF-8");
  }
  if (S_ISDIR(status.st_mode)) return enter(path, depth + 1);
  if (S_ISLNK(status.st_mode)) return add_link(path);
  if (S_ISREG(status.st_mode)) return add_file(path, status);
  return Error(Errc::invalid, file.string() + " is " + std::string(kind_name(status.st_mode)) +
                                  "; a package has only files, folders and symbolic links "
                                  "(.proaignore leaves out what it names)");
}

Result<void> Walk::add_link(const std::string& path) {
  const fs::path file = contents_.path / path;
  std::error_code failed;
  Entry entry;
  entry.kind = Entry::Kind::link;
  entry.path = path;
  entry.target = fs::read_symlink(file, failed).string();
  if (failed) return os_error("read link " + file.string(), failed.value());
  if (!stays_inside(path, entry.target)) {
    return Error(Errc::invalid, file.string() + " is a symbolic link to " + entry.target +
                                    ", which is not in the package");
  }
  return push(std::move(entry));
}

Result<void> Walk::add_file(const std::string& path, const struct stat& status) {
  const fs::path file = contents_.path / path;
  if (::access(file.c_str(), R_OK) != 0) return in_words(os_error("read " + file.string()), file);
  Entry entry;
  entry.path = path;
  entry.bytes = static_cast<std::uint64_t>(status.st_size);
  entry.is_executable = (status.st_mode & S_IXUSR) != 0;
  if (is_kept_source(path, entry.bytes)) {
    TRY(contents_.sources[path], os::read_file(file));
  }
  contents_.bytes += entry.bytes;
  return push(std::move(entry));
}

Result<void> Walk::push(Entry entry) {
  if (contents_.entries.size() >= limits_.entries_max) {
    return Error(Errc::too_large, contents_.path.string() + " has more than " +
                                      std::to_string(limits_.entries_max) + " files");
  }
  contents_.entries.push_back(std::move(entry));
  return ok();
}

}  // namespace

Result<Contents> read_folder(const fs::path& path, const Limits& limits,
                             std::string_view more_rules) {
  return Walk(path, limits, more_rules).run();
}

Result<Contents> read_file(const fs::path& path, const Limits& limits) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os_error("look at " + path.string());
  if (::access(path.c_str(), R_OK) != 0) return in_words(os_error("read " + path.string()), path);
  Contents contents;
  contents.kind = Contents::Kind::file;
  contents.path = path;
  contents.bytes = static_cast<std::uint64_t>(status.st_size);
  Entry entry;
  entry.path = path.filename().string();
  entry.bytes = contents.bytes;
  if (!is_utf8(entry.path)) return Error(Errc::invalid, path.string() + ": its name is not UTF-8");
  if (is_kept_source(entry.path, entry.bytes)) {
    TRY(contents.sources[entry.path], os::read_file(path));
  }
  contents.entries.push_back(std::move(entry));
  if (contents.bytes > limits.unpacked_bytes_max) return too_large(contents, limits);
  return contents;
}

bool is_kept_source(std::string_view path, std::uint64_t bytes) {
  if (bytes > kSourceBytesMax || path.find('/') != std::string_view::npos) return false;
  constexpr auto kEnds = std::to_array<std::string_view>({".py", ".js", ".mjs", ".cjs"});
  return path == "requirements.txt" || path == "package.json" ||
         std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return path.ends_with(end); });
}

Error too_large(const Contents& contents, const Limits& limits) {
  std::map<std::string, std::uint64_t> folders;
  for (const Entry& entry : contents.entries) {
    // Up to the second '/': "node_modules/aws-sdk/".
    const std::size_t first = entry.path.find('/');
    const std::size_t second =
        first == std::string::npos ? std::string::npos : entry.path.find('/', first + 1);
    const std::size_t end = second != std::string::npos  ? second + 1
                            : first != std::string::npos ? first + 1
                                                         : entry.path.size();
    folders[entry.path.substr(0, end)] += entry.bytes;
  }
  std::vector<std::pair<std::uint64_t, std::string>> largest;
  largest.reserve(folders.size());
  for (const auto& [name, bytes] : folders) largest.emplace_back(bytes, name);
  std::sort(largest.rbegin(), largest.rend());
  largest.resize(std::min<std::size_t>(largest.size(), 5));
  std::string text = contents.path.string() + " has " + megabytes(contents.bytes) +
                     " unpacked; a function and its layers may have " +
                     megabytes(limits.unpacked_bytes_max) + ". The largest:";
  for (const auto& [bytes, name] : largest)
    text.append("\n  ").append(megabytes(bytes)).append("  ").append(name);
  return Error(Errc::too_large, std::move(text));
}

}  // namespace proa::packaging
