#include "oci/archive.h"
#include "oci/image_tree.h"
#include "oci/oci.h"
#include "os/file.h"
#include "os/utf8_locale.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace proa::oci {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
/// Metadata of the file system that whiteouts come from: no files of the image.
constexpr std::string_view kWhiteoutMetadata = ".wh..wh.";
/// What a sandbox mounts something on.
constexpr auto kFolders = std::to_array<const char*>({"proc", "sys", "dev", "tmp"});

/// The members that may be needed to read a layer are tried in the order of the archive.
Result<archive_entry*> go_to(ArchiveReader& reader, const std::string& member) {
  for (;;) {
    TRY(archive_entry* const entry, reader.next_entry());
    if (entry == nullptr) {
      return Error(Errc::invalid, "The archive lacks the layer " + member.substr(0, 200));
    }
    if (member_name(entry) == member) return entry;
  }
}

/// Reads layers into a tree.
class Unpacking {
 public:
  Unpacking(int root, const Limits& limits) : root_(root), tree_(root, limits), limits_(limits) {}

  Result<void> add_layer(const std::filesystem::path& archive, const Layer& layer);
  Result<void> add_root(const std::filesystem::path& archive);
  Result<void> add(const RootAdditions& additions);
  Result<void> prepare(const std::map<std::string, std::string>& files);
  const Unpacked& result() const { return result_; }

 private:
  Result<void> add_entries(ByteSource& tar);
  Result<void> add_all(ArchiveReader& reader);
  Result<void> add_entry(ArchiveReader& reader, archive_entry* entry);
  Result<void> add_node(ArchiveReader& reader, archive_entry* entry, const std::string& path);
  Result<void> write_file(ArchiveReader& reader, archive_entry* entry, const std::string& path);
  Result<bool> take_whiteout(const std::string& path);
  bool is_in(const std::string& path) const;

  int root_;
  ImageTree tree_;
  const Limits& limits_;
  Unpacked result_;
};

Error damaged(const Layer& layer, const std::string& found) {
  return Error(Errc::invalid,
               "The layer " + layer.member.substr(0, 200) + " is damaged: its SHA-256 is " + found);
}

Result<void> Unpacking::add_layer(const std::filesystem::path& archive, const Layer& layer) {
  TRY(auto outer, ArchiveReader::open(archive, Form::any_tar));
  TRY(archive_entry* const member, go_to(outer, layer.member));
  // A layer that an image has twice was saved once, and linked.
  if (const char* const target = archive_entry_symlink(member)) {
    const auto path = std::filesystem::path(layer.member).parent_path() / target;
    TRY(outer, ArchiveReader::open(archive, Form::any_tar));
    TRY(go_to(outer, path.lexically_normal().string()));
  }
  HashedSource packed(outer);
  TRY(auto unpacker, ArchiveReader::open(packed, Form::plain_or_packed));
  TRY(archive_entry* const stream, unpacker.next_entry());
  if (stream == nullptr) return damaged(layer, "that of nothing");
  HashedSource plain(unpacker);
  TRY(add_entries(plain));
  TRY(const auto diff_id, plain.finish());
  if (diff_id != layer.diff_id) return damaged(layer, diff_id + " once unpacked");
  TRY(const auto digest, packed.finish());
  if (!layer.digest.empty() && digest != layer.digest) return damaged(layer, digest);
  return ok();
}

Result<void> Unpacking::add_entries(ByteSource& tar) {
  tree_.begin_layer();
  TRY(auto reader, ArchiveReader::open(tar, Form::tar));
  return add_all(reader);
}

Result<void> Unpacking::add_root(const std::filesystem::path& archive) {
  TRY(auto reader, ArchiveReader::open(archive, Form::any_tar));
  return add_all(reader);
}

Result<void> Unpacking::add_all(ArchiveReader& reader) {
  for (;;) {
    TRY(archive_entry* const entry, reader.next_entry());
    if (entry == nullptr) return ok();
    TRY(add_entry(reader, entry));
  }
}

Result<void> Unpacking::add_entry(ArchiveReader& reader, archive_entry* entry) {
  const os::Utf8Locale names_are_utf8;
  const char* const name = archive_entry_pathname(entry);
  if (name == nullptr) return Error(Errc::invalid, "The image has a file without a name");
  TRY(const auto path, plain_path(name));
  TRY(const bool is_whiteout, take_whiteout(path));
  return is_whiteout ? Result<void>(ok()) : add_node(reader, entry, path);
}

Result<bool> Unpacking::take_whiteout(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = path.substr(slash + 1);
  if (!name.starts_with(kWhiteout)) return false;
  if (name == kOpaque) {
    TRY(tree_.hide_children(folder));
    return true;
  }
  if (name.starts_with(kWhiteoutMetadata)) return true;
  const std::string hidden = name.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return Error(Errc::invalid, "The image hides '" + path.substr(0, 300) + "', which is no file");
  }
  TRY(tree_.hide(folder.empty() ? hidden : folder + "/" + hidden));
  return true;
}

Result<void> Unpacking::add_node(ArchiveReader& reader, archive_entry* entry,
                                 const std::string& path) {
  if (const char* const hard_link = archive_entry_hardlink(entry)) {
    TRY(const auto to, plain_path(hard_link));
    if (path.empty() || to.empty()) return Error(Errc::invalid, "The image links its own root");
    return tree_.add_hard_link(path, to);
  }
  const auto type = archive_entry_filetype(entry);
  if (type == AE_IFDIR) return tree_.add_folder(path);
  if (path.empty()) return Error(Errc::invalid, "The image's root is no folder");
  if (type == AE_IFREG) return write_file(reader, entry, path);
  if (type != AE_IFLNK) {
    ++result_.skipped;
    return ok();
  }
  const char* const target = archive_entry_symlink(entry);
  if (target == nullptr || *target == '\0') {
    return Error(Errc::invalid, "The image's link '" + path.substr(0, 300) + "' leads nowhere");
  }
  return tree_.add_link(path, target);
}

Result<void> Unpacking::write_file(ArchiveReader& reader, archive_entry* entry,
                                   const std::string& path) {
  const bool is_program = (archive_entry_perm(entry) & S_IXUSR) != 0;
  const timespec modified{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  TRY(const auto file, tree_.add_file(path));
  for (;;) {
    TRY(const auto piece, reader.next());
    if (piece.empty()) break;
    result_.bytes += piece.size();
    if (result_.bytes > limits_.unpacked_bytes_max) {
      return Error(Errc::too_large, "The image has more than " +
                                        std::to_string(limits_.unpacked_bytes_max) +
                                        " bytes of files");
    }
    TRY(os::write_fully(file.get(), piece, "a file of an image"));
  }
  return tree_.close_file(file.get(), is_program, modified);
}

Result<void> Unpacking::add(const RootAdditions& additions) {
  TRY(prepare(additions.files));
  for (const std::string& folder : additions.folders) {
    TRY(tree_.force_folder(folder));
  }
  for (const auto& [path, text] : additions.missing_files) {
    if (is_in(path)) continue;
    TRY(tree_.force_file(path, text));
  }
  for (const auto& [path, target] : additions.missing_links) {
    if (is_in(path)) continue;
    TRY(tree_.add_link(path, target));
  }
  return ok();
}

/// Whether there is anything of that name, a link that leads nowhere too.
bool Unpacking::is_in(const std::string& path) const {
  return bool(open_in_root(root_, path, O_PATH | O_NOFOLLOW));
}

Result<void> Unpacking::prepare(const std::map<std::string, std::string>& files) {
  for (const char* const folder : kFolders) {
    TRY(tree_.force_folder(folder));
  }
  for (const auto& [path, text] : files) {
    TRY(tree_.force_file(path, text));
  }
  return ok();
}

}  // namespace

Result<Unpacked> unpack(const std::filesystem::path& archive, const Image& image, int folder,
                        const std::map<std::string, std::string>& files, const Limits& limits) {
  Unpacking unpacking(folder, limits);
  for (const Layer& layer : image.layers) {
    TRY(unpacking.add_layer(archive, layer));
  }
  TRY(unpacking.prepare(files));
  if (::syncfs(folder) != 0) return os_error("write an image to the disk");
  return unpacking.result();
}

Result<Unpacked> unpack_root(const std::filesystem::path& archive, int folder,
                             const RootAdditions& additions, const Limits& limits) {
  Unpacking unpacking(folder, limits);
  TRY(unpacking.add_root(archive));
  if (!open_in_root(folder, "usr", O_PATH | O_DIRECTORY) &&
      !open_in_root(folder, "bin", O_PATH | O_DIRECTORY)) {
    return Error(
        Errc::invalid,
        "This is no root folder: it has neither /usr nor /bin. A container image is loaded "
        "by proa image load");
  }
  TRY(unpacking.add(additions));
  if (::syncfs(folder) != 0) return os_error("write an image to the disk");
  return unpacking.result();
}

}  // namespace proa::oci
