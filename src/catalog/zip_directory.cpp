#include "catalog/zip_directory.h"

#include "catalog/refused_entry.h"

#include <algorithm>

namespace proa::catalog {
namespace {

constexpr std::uint32_t kEntryMagic = 0x02014b50;
constexpr std::uint32_t kLocalMagic = 0x04034b50;
constexpr std::uint32_t kEndMagic = 0x06054b50;
constexpr std::uint32_t kEnd64Magic = 0x06064b50;
constexpr std::uint32_t kLocator64Magic = 0x07064b50;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kLocator64Size = 20;
constexpr std::size_t kCommentMax = 0xffff;
constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint16_t kUnicodePathExtra = 0x7075;
constexpr std::uint16_t kEncryptedFlags = 0x2041;  // traditional, strong, masked headers
constexpr unsigned kMadeByUnix = 3;

Error no_zip() { return Error(Errc::invalid, ""); }

/// Little-endian number of `size` bytes at `offset`. The caller has checked the bounds.
std::uint64_t number(std::string_view bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value << 8U | static_cast<unsigned char>(bytes[offset + i - 1]);
  }
  return value;
}

std::uint16_t u16(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(number(bytes, offset, 2));
}

std::uint32_t u32(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint32_t>(number(bytes, offset, 4));
}

/// Where the directory is and how many entries it has.
struct Directory {
  std::string_view bytes;
  std::uint64_t count = 0;
  std::uint64_t shift = 0;  ///< bytes in front of the archive, e.g. a "#!" line
};

std::optional<std::size_t> find_end_record(std::string_view zip) {
  if (zip.size() < kEndSize) return std::nullopt;
  const std::size_t last = zip.size() - kEndSize;
  const std::size_t first = last > kCommentMax ? last - kCommentMax : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    if (u32(zip, at) == kEndMagic && u16(zip, at + 20) == zip.size() - at - kEndSize) return at;
  }
  return std::nullopt;
}

/// The end record of the 64-bit form, if the archive has one in front of its end record.
std::optional<std::size_t> find_end64_record(std::string_view zip, std::size_t end) {
  if (end < kLocator64Size + kEnd64Size) return std::nullopt;
  const std::size_t locator = end - kLocator64Size;
  if (u32(zip, locator) != kLocator64Magic) return std::nullopt;
  // Read where it must be when nothing lies in between: offsets inside may be shifted by a prefix.
  const std::size_t record = locator - kEnd64Size;
  if (u32(zip, record) != kEnd64Magic) return std::nullopt;
  return record;
}

Result<Directory> find_directory(std::string_view zip) {
  const auto end = find_end_record(zip);
  if (!end) return no_zip();
  if (u16(zip, *end + 4) != 0 || u16(zip, *end + 6) != 0) return no_zip();
  std::uint64_t count = u16(zip, *end + 10);
  std::uint64_t size = u32(zip, *end + 12);
  std::uint64_t offset = u32(zip, *end + 16);
  std::size_t tail = *end;
  if (const auto end64 = find_end64_record(zip, *end)) {
    count = number(zip, *end64 + 32, 8);
    size = number(zip, *end64 + 40, 8);
    offset = number(zip, *end64 + 48, 8);
    tail = *end64;
  }
  if (size > tail || offset > tail - size) return no_zip();
  Directory directory;
  directory.bytes = zip.substr(tail - size, size);
  directory.count = count;
  directory.shift = tail - size - offset;
  return directory;
}

/// Reads the extra fields: 64-bit sizes where the 32-bit ones are full, and the Unicode path.
bool read_extra(std::string_view extra, ZipEntry& entry) {
  while (extra.size() >= 4) {
    const std::uint16_t id = u16(extra, 0);
    const std::size_t size = u16(extra, 2);
    if (size > extra.size() - 4) return true;  // sloppy padding is common and harmless
    std::string_view field = extra.substr(4, size);
    extra.remove_prefix(4 + size);
    if (id == kUnicodePathExtra) entry.is_name_overridden = true;
    if (id != kZip64Extra) continue;
    for (auto* value : {&entry.unpacked_size, &entry.packed_size, &entry.local_offset}) {
      if (*value != 0xffffffff) continue;
      if (field.size() < 8) return false;
      *value = number(field, 0, 8);
      field.remove_prefix(8);
    }
  }
  return true;
}

void read_mode(std::string_view header, ZipEntry& entry) {
  const unsigned made_by = u16(header, 4) >> 8U;
  if (made_by != kMadeByUnix) return;
  const std::uint32_t mode = u32(header, 38) >> 16U;
  if ((mode & 0777U) != 0 || (mode & 0170000U) != 0) entry.unix_mode = mode;
}

/// Takes one entry off the front of `directory`.
Result<ZipEntry> take_entry(std::string_view& directory) {
  if (directory.size() < kEntrySize || u32(directory, 0) != kEntryMagic) return no_zip();
  const std::string_view header = directory.substr(0, kEntrySize);
  const std::size_t name_size = u16(header, 28);
  const std::size_t extra_size = u16(header, 30);
  const std::size_t size = kEntrySize + name_size + extra_size + u16(header, 32);
  if (directory.size() < size) return no_zip();
  ZipEntry entry;
  entry.name = directory.substr(kEntrySize, name_size);
  entry.packed_size = u32(header, 20);
  entry.unpacked_size = u32(header, 24);
  entry.local_offset = u32(header, 42);
  read_mode(header, entry);
  if (entry.name.empty()) return Error(Errc::invalid, "An entry has no name.");
  if (entry.name.find('\0') != std::string::npos) {
    return refused_entry(entry.name.substr(0, entry.name.find('\0')), "has a NUL in its name.");
  }
  if ((u16(header, 8) & kEncryptedFlags) != 0) return refused_entry(entry.name, "is encrypted.");
  const unsigned method = u16(header, 10);
  if (method != 0 && method != 8) {
    return refused_entry(entry.name, "is compressed with method " + std::to_string(method) +
                                         "; only stored (0) and deflated (8) are supported.");
  }
  if (!read_extra(directory.substr(kEntrySize + name_size, extra_size), entry)) return no_zip();
  directory.remove_prefix(size);
  return entry;
}

/// Every entry's local header and data must lie in front of the directory, and no two may overlap.
Result<void> check_data(std::string_view zip, std::uint64_t directory_at,
                        const std::vector<ZipEntry>& entries) {
  std::uint64_t free_from = 0;
  for (const auto& entry : entries) {
    if (entry.local_offset > directory_at || directory_at - entry.local_offset < kLocalSize ||
        u32(zip, entry.local_offset) != kLocalMagic) {
      return refused_entry(entry.name, "has no data in the archive.");
    }
    if (entry.local_offset < free_from) return refused_entry(entry.name, "overlaps another entry.");
    const std::uint64_t header =
        kLocalSize + u16(zip, entry.local_offset + 26) + u16(zip, entry.local_offset + 28);
    const std::uint64_t room = directory_at - entry.local_offset;
    if (header > room || entry.packed_size > room - header) {
      return refused_entry(entry.name, "is cut off.");
    }
    free_from = entry.local_offset + header + entry.packed_size;
  }
  return ok();
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(std::string_view zip, std::size_t max_entries) {
  TRY(auto directory, find_directory(zip));
  if (directory.count > max_entries) {
    return Error(Errc::invalid, "It has " + std::to_string(directory.count) + " entries; at most " +
                                    std::to_string(max_entries) + " are supported.");
  }
  if (directory.count > directory.bytes.size() / kEntrySize) return no_zip();
  const auto directory_at = static_cast<std::uint64_t>(directory.bytes.data() - zip.data());
  std::vector<ZipEntry> entries;
  entries.reserve(directory.count);
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    TRY(auto entry, take_entry(directory.bytes));
    if (entry.local_offset > zip.size())
      return refused_entry(entry.name, "has no data in the archive.");
    entry.local_offset += directory.shift;
    entries.push_back(std::move(entry));
  }
  if (!directory.bytes.empty()) return no_zip();
  std::stable_sort(entries.begin(), entries.end(), [](const ZipEntry& a, const ZipEntry& b) {
    return a.local_offset < b.local_offset;
  });
  TRY(check_data(zip, directory_at, entries));
  return entries;
}

}  // namespace proa::catalog
