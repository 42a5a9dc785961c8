// A terminal as long as a program has all of it. Private to cli/.
#pragma once

#include "base/result.h"
#include "os/unique_fd.h"

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace proa::cli {

/// The alternate screen, without cursor and echo, keys one by one. Whatever ends the program gives
/// the terminal back as it was: the destructor, and Ctrl-C, SIGTERM, SIGHUP and SIGQUIT, which a
/// thread of its own waits for, so that they work also while the caller waits for a daemon. These
/// then end the program as they always do. Made and used on one thread, before others are started.
class FullScreen {
 public:
  /// Takes the terminal behind standard input and output. Errc: unsupported (they are none), os.
  static Result<std::unique_ptr<FullScreen>> open();
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  /// What stands on it from now on; more lines than there are rows are left out.
  void show(const std::vector<std::string>& lines) const;
  std::size_t rows() const;
  std::size_t columns() const;

  /// What ended a wait.
  struct News {
    std::optional<char> key;
    bool is_resized = false;
    bool is_over = false;  ///< nobody types any more: the terminal is gone
  };
  /// A key, another size, or neither: the time is over.
  News wait(std::chrono::milliseconds time) const;

 private:
  explicit FullScreen(const termios& before) : before_(before) {}
  Result<void> take();
  void give_back() const;
  void watch_signals() const;

  const termios before_;
  os::UniqueFd ends_;     ///< signalfd of what ends the program
  os::UniqueFd resizes_;  ///< signalfd of SIGWINCH
  os::UniqueFd stop_;     ///< eventfd: the watch is over
  bool is_taken_ = false;
  mutable std::mutex writing_;  ///< held for good by whoever ends the program
  std::thread watch_;
};

}  // namespace proa::cli
