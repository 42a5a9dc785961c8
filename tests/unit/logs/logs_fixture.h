// Streams, entries, clocks and folders for the tests of logs/.
#pragma once

#include "base/clock.h"
#include "logs/entry.h"
#include "logs/logs.h"
#include "telemetry/telemetry.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

namespace proa::logs {

/// The daemon's log, kept. Thread-safe.
class KeptLines final : public telemetry::LogSink {
 public:
  void write(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  /// Lines with this text in them.
  std::size_t count(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(),
                      [text](const std::string& line) { return line.find(text) != line.npos; }));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Wall time as the test sets it; steady time is the real one, which timers follow. Thread-safe.
class SetClock final : public Clock {
 public:
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const override {
    return WallTime(std::chrono::microseconds(us_.load(std::memory_order_relaxed)));
  }
  void advance(std::chrono::microseconds time) { us_ += time.count(); }

 private:
  std::atomic<std::int64_t> us_{1'735'732'800'000'000};  // 2025-01-01 12:00
};

inline std::shared_ptr<model::FunctionVersion> make_function(const std::string& name = "f") {
  auto function = std::make_shared<model::FunctionVersion>();
  function->account_id = "123456789012";
  function->region = "eu-central-1";
  function->name = name;
  return function;
}

inline RequestId request_id(unsigned n) {
  RequestId out{};
  out[0] = std::byte{0xAB};
  out[14] = static_cast<std::byte>(n >> 8U & 0xFFU);
  out[15] = static_cast<std::byte>(n & 0xFFU);
  return out;
}

/// 32 hexadecimal digits.
inline std::string environment_id(unsigned n) {
  return std::string(28, 'e') + std::to_string(1000 + n % 9000);
}

inline CallRecord call_record(std::chrono::microseconds duration = std::chrono::milliseconds(2)) {
  CallRecord out;
  out.begin = WallTime(std::chrono::milliseconds(1'735'732'800'000));
  out.duration = duration;
  out.memory_mib = 128;
  out.max_memory_used = Bytes::mib(30);
  out.trace_id = "Root=1-2-3";
  out.runtime_identity = "python3.11.2";
  return out;
}

/// The bytes that a shard hands over for the end of a call.
inline std::string encoded(const CallRecord& record) {
  std::string out;
  encode(out, record);
  return out;
}

class LogsFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/proa-logs-test-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

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
  /// Files with the names of segments below it.
  static std::vector<std::filesystem::path> segments_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".seg") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  using Strings = std::vector<std::string>;
  static Strings messages(const std::vector<LogEvent>& events) {
    Strings out;
    for (const LogEvent& event : events) out.push_back(event.message);
    return out;
  }

  std::filesystem::path folder_;
  SetClock clock_;
};

}  // namespace proa::logs
