// A folder for segments, and ways to damage them.
#pragma once

#include "storage/segment_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace proa::storage {

class SegmentsFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/proa-segments-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static WallTime at(std::int64_t ms) {
    return WallTime(std::chrono::milliseconds(1'700'000'000'000 + ms));
  }

  SegmentLog open(SegmentLog::Options options = {}) {
    auto log = SegmentLog::open(folder_ / "log", "about it", options);
    EXPECT_TRUE(log) << log.error().message();
    return std::move(log).value();
  }
  static Result<void> append(SegmentLog& log, std::string_view payload, WallTime time) {
    std::string frames;
    frame_record(frames, time, payload);
    return log.append(frames, time, time);
  }
  static void put(SegmentLog& log, std::string_view payload, std::int64_t ms) {
    const auto done = append(log, payload, at(ms));
    EXPECT_TRUE(done) << done.error().message();
  }

  using Strings = std::vector<std::string>;
  static SegmentReader reader_of(const SegmentView& view) {
    auto reader = SegmentReader::open(view);
    EXPECT_TRUE(reader) << reader.error().message();
    return std::move(reader).value();
  }
  static Strings rest_of(SegmentReader& reader) {
    Strings out;
    for (;;) {
      const auto record = reader.next();
      EXPECT_TRUE(record) << record.error().message();
      if (!record || !record.value()) return out;
      out.emplace_back(record.value()->payload);
    }
  }
  /// All payloads of a log, of which no byte is damaged.
  static Strings payloads(const SegmentLog& log) {
    Strings out;
    for (const SegmentView& view : log.segments()) {
      auto reader = reader_of(view);
      for (auto& one : rest_of(reader)) out.push_back(std::move(one));
      EXPECT_EQ(reader.damaged_bytes(), 0U) << view.path;
    }
    return out;
  }

  static std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }
  static void flip(const std::filesystem::path& file, std::size_t at) {
    std::string bytes = bytes_of(file);
    ASSERT_LT(at, bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
    write_bytes(file, bytes);
  }

  std::filesystem::path folder_;
};

}  // namespace proa::storage
