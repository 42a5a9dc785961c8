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

struct CloseWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
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

}  // namespace proa::kernels
