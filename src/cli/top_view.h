// What `proa top` shows, made of the daemon's answers. Private to cli/.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "cli/cli.h"

#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::cli {

/// What environments are ordered by, and the key that asks for it.
enum class TopOrder : char {
  running = 'r',  ///< calls that run, longest first, then what changed last: as the daemon sends it
  memory = 'm',
  processor = 'c',
  function = 'f',
  age = 'a',
  calls = 'n',
};

/// The order that a key asks for; nothing for other keys.
std::optional<TopOrder> parse_top_order(char key);

struct TopFrame {
  TopOrder order = TopOrder::running;
  std::size_t rows = 0;  ///< lines that fit; 0: all
  Screen screen;         ///< how wide and whether in colours; 0 columns: all
};

/// Keeps the last two answers: rates are differences. Of no thread.
class TopView {
 public:
  /// An answer of GET /proa/v1/environments that came at `at`. Errc: corrupt (it is none).
  Result<void> take(boost::json::value answer, SteadyTime at);
  /// The daemon did not answer, for the reason given, until the next take().
  void miss(std::string reason);
  bool has_answer() const { return last_.has_value(); }

  /// The table, a line each, no longer than the frame.
  std::vector<std::string> lines(const TopFrame& frame) const;

 private:
  struct Answer {
    boost::json::value value;
    SteadyTime at;
  };
  std::optional<Answer> last_;
  std::optional<Answer> before_;  ///< none: there are no differences
  std::string notice_;            ///< what happened to the daemon
  bool is_missed_ = false;        ///< it did not answer when it was asked last
};

}  // namespace proa::cli
