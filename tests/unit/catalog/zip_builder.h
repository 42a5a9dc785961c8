// Zips for tests, byte by byte, so that every field can lie.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::catalog {

/// What an entry says; the optional fields replace the truth.
struct ZipItem {
  std::string name;
  std::string data;
  std::uint32_t mode = S_IFREG | 0644;
  unsigned made_by = 3;  // Unix
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::optional<std::uint32_t> crc;
  std::optional<std::uint32_t> unpacked_size;
  std::optional<std::string> local_name;
  std::optional<std::uint32_t> local_offset;
};

inline std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

inline void put(std::string& out, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
}

/// DOS date and time of 2024-02-03 04:05:06.
inline constexpr std::uint32_t kDosTime = 0x584320a3;

inline std::string local_header(const ZipItem& item) {
  const std::string& name = item.local_name ? *item.local_name : item.name;
  std::string out;
  put(out, 0x04034b50, 4);
  put(out, 20, 2);
  put(out, item.flags, 2);
  put(out, item.method, 2);
  put(out, kDosTime, 4);
  put(out, item.crc.value_or(crc32(item.data)), 4);
  put(out, item.data.size(), 4);
  put(out, item.unpacked_size.value_or(static_cast<std::uint32_t>(item.data.size())), 4);
  put(out, name.size(), 2);
  put(out, 0, 2);
  return out + name;
}

inline std::string central_header(const ZipItem& item, std::uint64_t offset) {
  std::string out;
  put(out, 0x02014b50, 4);
  put(out, item.made_by << 8U | 20U, 2);
  put(out, 20, 2);
  put(out, item.flags, 2);
  put(out, item.method, 2);
  put(out, kDosTime, 4);
  put(out, item.crc.value_or(crc32(item.data)), 4);
  put(out, item.data.size(), 4);
  put(out, item.unpacked_size.value_or(static_cast<std::uint32_t>(item.data.size())), 4);
  put(out, item.name.size(), 2);
  put(out, 0, 8);  // extra, comment, disk, internal attributes
  put(out, item.made_by == 3 ? std::uint64_t{item.mode} << 16U : 0, 4);
  put(out, item.local_offset.value_or(static_cast<std::uint32_t>(offset)), 4);
  return out + item.name;
}

inline std::string end_record(std::size_t count, std::size_t size, std::size_t offset) {
  std::string out;
  put(out, 0x06054b50, 4);
  put(out, 0, 4);
  put(out, count, 2);
  put(out, count, 2);
  put(out, size, 4);
  put(out, offset, 4);
  put(out, 0, 2);
  return out;
}

inline std::string make_zip(const std::vector<ZipItem>& items) {
  std::string out;
  std::string directory;
  for (const auto& item : items) {
    directory += central_header(item, out.size());
    out += local_header(item) + item.data;
  }
  const std::size_t offset = out.size();
  return out + directory + end_record(items.size(), directory.size(), offset);
}

inline ZipItem file(std::string name, std::string data, std::uint32_t mode = 0644) {
  ZipItem item;
  item.name = std::move(name);
  item.data = std::move(data);
  item.mode = S_IFREG | mode;
  return item;
}

inline ZipItem node(std::string name, std::uint32_t mode, std::string data = "") {
  ZipItem item = file(std::move(name), std::move(data));
  item.mode = mode;
  return item;
}

inline ZipItem symlink_item(std::string name, std::string target) {
  return node(std::move(name), S_IFLNK | 0777, std::move(target));
}

/// A deflated zip of one file, written by libarchive as archivers do (sizes behind the data).
inline std::string make_deflated_zip(const std::string& name, const std::string& data) {
  std::string out(data.size() + 4096, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_zip_set_compression_deflate(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, static_cast<la_int64_t>(data.size()));
  archive_write_header(writer, entry);
  archive_write_data(writer, data.data(), data.size());
  archive_entry_free(entry);
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

/// The deflated bytes of the one file in such a zip.
inline std::string deflated_data(const std::string& zip) {
  const auto number = [&zip](std::size_t at, int size) {
    std::size_t value = 0;
    for (int i = size - 1; i >= 0; --i) {
      value = value << 8U | static_cast<unsigned char>(zip[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  const std::size_t size = number(zip.rfind("PK\x01\x02") + 20, 4);
  return zip.substr(30 + number(26, 2) + number(28, 2), size);
}

/// The same zip with another uncompressed size in its directory.
inline std::string with_declared_size(std::string zip, std::uint32_t size) {
  const auto at = zip.rfind("PK\x01\x02");
  std::string bytes;
  put(bytes, size, 4);
  return zip.replace(at + 24, 4, bytes);
}

}  // namespace proa::catalog
