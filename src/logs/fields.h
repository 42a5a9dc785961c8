// Numbers and texts in the bytes of an entry. Private to logs/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proa::logs {

/// Seven bits a byte, lowest first, as in LEB128.
void put_varint(std::string& out, std::uint64_t value);
/// Its size as a varint, and its bytes.
void put_text(std::string& out, std::string_view text);

/// Whole microseconds as a varint, 0 for what is less.
void put_time(std::string& out, std::chrono::microseconds time);

/// Reads them one after the other. After something that is not there every answer is empty, and
/// is_whole() false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : left_(bytes) {}

  std::uint8_t byte();
  std::uint64_t varint();
  /// 30,000 years at most, so that two can be added.
  std::chrono::microseconds time();
  std::string_view text() { return bytes(varint()); }
  std::string_view bytes(std::uint64_t count);
  /// What has not been read.
  std::string_view rest() const { return left_; }
  bool is_whole() const { return is_whole_; }

 private:
  std::string_view left_;
  bool is_whole_ = true;
};

}  // namespace proa::logs
