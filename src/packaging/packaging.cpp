#include "packaging/packaging.h"

#include "os/file.h"
#include "packaging/folder.h"
#include "packaging/zip_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace proa::packaging {
namespace {

namespace fs = std::filesystem;

bool is_source(const fs::path& path) {
  const std::string end = path.extension().string();
  return end == ".py" || end == ".js" || end == ".mjs" || end == ".cjs";
}

/// A file without a name in the folder for temporary ones.
}  // namespace

Result<os::UniqueFd> make_nameless_file() {
  std::error_code failed;
  const fs::path folder = fs::temp_directory_path(failed);
  if (failed) return os_error("find the folder of temporary files (TMPDIR)", failed.value());
  auto file = os::open_file(folder, O_TMPFILE | O_RDWR, 0600);
  if (file) return file;
  std::string name = (folder / "proa-deploy-XXXXXX").string();  // no O_TMPFILE there
  os::UniqueFd named(::mkostemp(name.data(), O_CLOEXEC));
  if (!named) return os_error("make a file in " + folder.string());
  ::unlink(name.c_str());
  return named;
}

const Entry* Contents::find(std::string_view wanted) const {
  const auto at =
      std::lower_bound(entries.begin(), entries.end(), wanted,
                       [](const Entry& entry, std::string_view name) { return entry.path < name; });
  return at != entries.end() && at->path == wanted ? &*at : nullptr;
}

Result<Contents> read_contents(const fs::path& path, const Limits& limits,
                               std::string_view more_rules) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const Error failure = os_error("look at " + path.string());
    if (failure.code() != Errc::not_found) return failure;
    return Error(Errc::invalid, "There is no " + path.string());
  }
  if (S_ISDIR(status.st_mode)) return read_folder(path, limits, more_rules);
  if (!S_ISREG(status.st_mode)) {
    return Error(Errc::invalid, path.string() + " is neither a folder nor a file");
  }
  if (is_source(path)) return read_file(path, limits);
  if (path.extension() == ".zip") return read_zip(path, limits);
  return Error(Errc::invalid,
               path.string() + " is neither a folder nor a .zip, .py, .js, .mjs or .cjs file");
}

Contents contents_of_text(std::string name, std::string text) {
  Contents contents;
  contents.kind = Contents::Kind::text;
  contents.path = name;
  contents.bytes = text.size();
  Entry entry;
  entry.path = name;
  entry.bytes = text.size();
  contents.entries.push_back(std::move(entry));
  contents.sources[std::move(name)] = std::move(text);
  return contents;
}

Result<Package> pack(const Contents& contents, const Limits& limits, const Progress& progress) {
  Package package;
  if (contents.kind == Contents::Kind::zip) {
    TRY(package.file, os::MappedFile::open(fs::canonical(contents.path)));
  } else {
    TRY(package.descriptor, make_nameless_file());
    TRY(write_zip(contents, package.descriptor.get(), progress));
    TRY(package.file, os::MappedFile::map(package.descriptor.get(), "the package"));
  }
  if (package.bytes().size() > limits.zip_bytes_max) {
    return Error(Errc::too_large, contents.path.string() + " is larger than " +
                                      std::to_string(limits.zip_bytes_max) + " bytes when packed");
  }
  package.digest = sha256(package.bytes());
  return package;
}

}  // namespace proa::packaging
