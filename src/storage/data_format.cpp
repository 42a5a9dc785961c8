#include "storage/data_format.h"

#include "os/file.h"

#include <charconv>
#include <string>

namespace proa::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "format";
constexpr mode_t kFormatFileMode = 0644;  // backups are made by the daemon's user

std::string text_of_ours() { return std::to_string(kDataFormat) + "\n"; }

}  // namespace

Result<void> check_data_format(const fs::path& folder) {
  const auto text = os::read_file(folder / kFile);
  if (!text && text.error().code() == Errc::not_found) return ok();
  if (!text) return text.error();
  const std::string& digits = text.value();
  int number = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number);
  const bool is_number = read.ec == std::errc() && (read.ptr == end || *read.ptr == '\n');
  if (!is_number || number < 1) {
    return Error(Errc::corrupt, (folder / kFile).string() + ": '" + digits.substr(0, 40) +
                                    "' is no number of a data format");
  }
  if (number <= kDataFormat) return ok();
  return Error(Errc::unsupported, folder.string() + " has data format " + std::to_string(number) +
                                      ", this Proa knows formats up to " +
                                      std::to_string(kDataFormat) + ": it takes a newer Proa");
}

Result<void> note_data_format(const fs::path& folder) {
  const auto noted = os::read_file(folder / kFile);
  if (noted && noted.value() == text_of_ours()) return ok();
  return os::replace_file(folder / kFile, text_of_ours(), kFormatFileMode);
}

}  // namespace proa::storage
