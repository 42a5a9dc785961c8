#include "kernels/initramfs.h"

#include "os/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace proa::kernels {
namespace {

/// In a folder that is ours alone; QEMU opens it again by its descriptor, as another user.
constexpr mode_t kFileMode = 0644;
constexpr int kConsoleMajor = 5;
constexpr int kConsoleMinor = 1;
constexpr std::size_t kReadBlock = std::size_t{64} * 1024;
/// No module has more bytes.
constexpr la_int64_t kModuleBytesMax = la_int64_t{64} * 1024 * 1024;

struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct CloseReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

/// One name in the archive.
struct Node {
  std::string path;
  mode_t mode = 0;  ///< with its type
  std::string_view bytes = {};
};

/// "01-virtio.ko": two digits at least, and all names of one length sort as they are loaded.
std::string file_name(std::size_t index, std::size_t count, const std::string& name) {
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(count).size());
  std::string number = std::to_string(index + 1);
  number.insert(0, digits - number.size(), '0');
  return number + "-" + name + ".ko";
}

/// Of "modules/01-virtio.ko" the name; empty: it is no module.
std::string module_name(std::string_view path) {
  constexpr std::string_view kFolder = "modules/";
  constexpr std::string_view kEnd = ".ko";
  const auto dash = path.find('-');
  if (!path.starts_with(kFolder) || !path.ends_with(kEnd) || dash == std::string_view::npos) {
    return {};
  }
  return std::string(path.substr(dash + 1, path.size() - kEnd.size() - dash - 1));
}

Error unreadable(archive* reader, const std::filesystem::path& file) {
  const char* const text = archive_error_string(reader);
  return Error(Errc::corrupt,
               file.string() + " is no initrd of ours: " + (text ? text : "unknown"));
}

class Writer {
 public:
  Result<void> open(int out) {
    zip_.reset(archive_write_new());
    archive* const zip = zip_.get();
    // Without the time in gzip's header the bytes depend on the content alone.
    const bool is_open =
        zip != nullptr && archive_write_set_format_cpio_newc(zip) == ARCHIVE_OK &&
        archive_write_add_filter_gzip(zip) == ARCHIVE_OK &&
        archive_write_set_options(zip, "gzip:compression-level=9,gzip:!timestamp") == ARCHIVE_OK &&
        archive_write_set_bytes_in_last_block(zip, 1) == ARCHIVE_OK &&
        archive_write_open_fd(zip, out) == ARCHIVE_OK;
    if (!is_open) return Error(Errc::internal, "libarchive cannot write cpio archives");
    return ok();
  }

  Result<void> add(const Node& node) {
    const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
    archive_entry* const entry = header.get();
    if (entry == nullptr) return Error(Errc::exhausted, "no memory to make an initrd");
    archive_entry_set_pathname(entry, node.path.c_str());
    archive_entry_set_mode(entry, node.mode);
    archive_entry_set_nlink(entry, 1);
    archive_entry_set_uid(entry, 0);
    archive_entry_set_gid(entry, 0);
    archive_entry_set_mtime(entry, 0, 0);
    archive_entry_set_size(entry, static_cast<la_int64_t>(node.bytes.size()));
    if (S_ISCHR(node.mode)) {
      archive_entry_set_rdevmajor(entry, kConsoleMajor);
      archive_entry_set_rdevminor(entry, kConsoleMinor);
    }
    if (archive_write_header(zip_.get(), entry) != ARCHIVE_OK) return failure();
    if (node.bytes.empty()) return ok();
    const auto written = archive_write_data(zip_.get(), node.bytes.data(), node.bytes.size());
    if (written != static_cast<la_ssize_t>(node.bytes.size())) return failure();
    return ok();
  }

  Result<void> close() {
    if (archive_write_close(zip_.get()) != ARCHIVE_OK) return failure();
    return ok();
  }

 private:
  Error failure() {
    const int code = archive_errno(zip_.get());
    const char* const text = archive_error_string(zip_.get());
    const Errc kind =
        code == ENOSPC || code == ENOMEM || code == EDQUOT ? Errc::exhausted : Errc::os;
    return Error(kind, std::string("cannot write the initrd: ") + (text ? text : "unknown"), code);
  }

  std::unique_ptr<archive, CloseWriter> zip_;
};

}  // namespace

Result<void> write_initramfs(const std::filesystem::path& file, std::string_view init,
                             const std::vector<ModuleBytes>& modules) {
  std::vector<Node> nodes = {{"dev", S_IFDIR | 0755},        {"dev/console", S_IFCHR | 0600},
                             {"init", S_IFREG | 0755, init}, {"modules", S_IFDIR | 0755},
                             {"newroot", S_IFDIR | 0755},    {"proc", S_IFDIR | 0755},
                             {"sys", S_IFDIR | 0755}};
  std::string list;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    std::string path = "modules/" + file_name(i, modules.size(), modules[i].name);
    list += "/" + path + "\n";
    nodes.push_back({std::move(path), S_IFREG | 0644, modules[i].bytes});
  }
  nodes.push_back({"modules/list", S_IFREG | 0644, list});
  std::sort(nodes.begin(), nodes.end(),
            [](const Node& a, const Node& b) { return a.path < b.path; });
  TRY(const auto out, os::open_file(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode));
  Writer writer;
  TRY(writer.open(out.get()));
  for (const Node& node : nodes) {
    TRY(writer.add(node));
  }
  TRY(writer.close());
  if (::fsync(out.get()) != 0) return os_error("fsync " + file.string());
  return ok();
}

// They stand in the archive in the order of their names, which begin with their numbers.
Result<std::vector<ModuleBytes>> read_modules(const std::filesystem::path& file) {
  TRY(const auto in, os::open_file(file, O_RDONLY | O_NOFOLLOW));
  const std::unique_ptr<archive, CloseReader> reader(archive_read_new());
  archive_read_support_format_cpio(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_fd(reader.get(), in.get(), kReadBlock) != ARCHIVE_OK) {
    return unreadable(reader.get(), file);
  }
  std::vector<ModuleBytes> modules;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const char* const path = archive_entry_pathname(entry);
    std::string name = module_name(path == nullptr ? "" : path);
    if (name.empty()) continue;
    const auto size = archive_entry_size(entry);
    if (size < 0 || size > kModuleBytesMax) return unreadable(reader.get(), file);
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (archive_read_data(reader.get(), bytes.data(), bytes.size()) != size) {
      return unreadable(reader.get(), file);
    }
    modules.push_back({std::move(name), std::move(bytes)});
  }
  if (status != ARCHIVE_EOF) return unreadable(reader.get(), file);
  return modules;
}

}  // namespace proa::kernels
