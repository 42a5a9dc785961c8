#include "cli/progress.h"

#include "cli/human.h"

#include <algorithm>
#include <utility>

namespace proa::cli {
namespace {

constexpr std::chrono::milliseconds kBetween{100};
constexpr std::uint64_t kWorthALine = 8 * 1024 * 1024;
constexpr std::size_t kBarWidth = 24;

}  // namespace

void ProgressLine::begin(std::string stage, std::uint64_t bytes) {
  stage_ = std::move(stage);
  bytes_ = bytes;
  begun_ = std::chrono::steady_clock::now();
  shown_ = {};
  if (!is_shown_) return;
  if (around_.errors.is_terminal) return show(0);
  if (bytes_ >= kWorthALine) around_.note(stage_ + " " + human_size(bytes_) + "\n");
}

void ProgressLine::show(std::uint64_t done) {
  if (!is_shown_ || !around_.errors.is_terminal) return;
  const auto now = std::chrono::steady_clock::now();
  if (is_there_ && now - shown_ < kBetween && done < bytes_) return;
  shown_ = now;
  std::string line = bar(done);
  if (around_.errors.columns > 0) line.resize(std::min(line.size(), around_.errors.columns - 1));
  around_.note("\r" + line + "\x1b[K");
  is_there_ = true;
}

std::string ProgressLine::bar(std::uint64_t done) const {
  if (bytes_ == 0) return stage_ + " ...";
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(bytes_));
  const auto full = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
  std::string text = stage_ + " [" + std::string(full, '#') + std::string(kBarWidth - full, '.') +
                     "] " + std::to_string(static_cast<int>(share * 100)) + "% of " +
                     human_size(bytes_);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun_;
  if (taken.count() < 0.5) return text;
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(done) / taken.count());
  return text + ", " + human_size(rate) + "/s";
}

void ProgressLine::clear() {
  if (is_there_) around_.note("\r\x1b[K");
  is_there_ = false;
}

}  // namespace proa::cli
