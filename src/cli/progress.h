// How far something is that takes long. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace proa::cli {

/// On a terminal one line that is written over again and goes at the end; elsewhere a line a stage
/// for what is large; nothing at all when it is not shown. Written to standard error.
class ProgressLine {
 public:
  /// The Surroundings outlive it.
  ProgressLine(const Surroundings& around, bool is_shown) : around_(around), is_shown_(is_shown) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Begins a stage ("uploading") of so many bytes; 0: nobody knows how long it takes.
  void begin(std::string stage, std::uint64_t bytes);
  /// So many of them are done.
  void show(std::uint64_t done);
  /// Takes the line away, for other text.
  void clear();

 private:
  std::string bar(std::uint64_t done) const;

  const Surroundings& around_;
  const bool is_shown_;
  std::string stage_;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point begun_;
  std::chrono::steady_clock::time_point shown_;
  bool is_there_ = false;
};

}  // namespace proa::cli
