// proa top
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/full_screen.h"
#include "cli/help.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "cli/top_view.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr const char* kTarget = "/proa/v1/environments?limit=1000";
constexpr const char* kKeys =
    "q quit   order by: r running time, m memory, c cpu, f function, a age, n calls";

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct TopWords {
  double seconds = 2;
  bool is_once = false;
  bool is_json = false;
};

Result<std::string> print_once(const Surroundings& around, bool is_json) {
  TRY(auto answer, ask(around, "GET", kTarget));
  if (is_json) return pretty(answer);
  TopView view;
  TRY(view.take(std::move(answer), Steady::now()));
  TopFrame frame;
  frame.screen = around.output;
  std::string text;
  for (const std::string& line : view.lines(frame)) text.append(line).append("\n");
  return text;
}

/// The table that renews itself, until somebody ends it.
class Watching {
 public:
  Watching(const Surroundings& around, const FullScreen& screen, std::chrono::milliseconds every)
      : around_(around), screen_(screen), every_(every) {}

  /// The first answer came before the screen was taken: a daemon that refuses is an error.
  Result<void> run(json::value first) {
    TRY(view_.take(std::move(first), Steady::now()));
    while (!is_over_) {
      wait();
      if (!is_over_) {
        TRY(look());
      }
    }
    return ok();
  }

 private:
  Result<void> look() {
    auto answer = ask(around_, "GET", kTarget);
    if (answer) return view_.take(std::move(answer.value()), Steady::now());
    const Errc code = answer.error().code();
    const bool may_come_back = code == Errc::unavailable || code == Errc::deadline;
    if (!may_come_back) return answer.error();
    view_.miss("No answer from " + around_.endpoint + "; trying again. What follows is old.");
    return ok();
  }

  /// Until the next look is due, or somebody wants one.
  void wait() {
    const auto due = Steady::now() + every_;
    for (;;) {
      show();
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Steady::now());
      if (left.count() <= 0) return;
      const auto news = screen_.wait(left);
      is_over_ = news.is_over || (news.key && (*news.key == 'q' || *news.key == 'Q'));
      if (is_over_ || (news.key && *news.key == ' ')) return;
      if (!news.key) continue;
      if (const auto order = parse_top_order(*news.key)) order_ = *order;
    }
  }

  void show() const {
    TopFrame frame;
    frame.order = order_;
    frame.rows = std::max<std::size_t>(screen_.rows(), 4) - 1;
    frame.screen = around_.output;
    frame.screen.columns = screen_.columns();
    auto lines = view_.lines(frame);
    lines.resize(frame.rows);
    lines.push_back(paint(frame.screen, Ink::faint, cut(kKeys, frame.screen.columns)));
    screen_.show(lines);
  }

  const Surroundings& around_;
  const FullScreen& screen_;
  std::chrono::milliseconds every_;
  TopView view_;
  TopOrder order_ = TopOrder::running;
  bool is_over_ = false;
};

Result<std::string> watch(const Surroundings& around, double seconds) {
  TRY(auto first, ask(around, "GET", kTarget));
  TRY(const auto screen, FullScreen::open());
  const auto every = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  TRY(Watching(around, *screen, every).run(std::move(first)));
  return std::string();
}

}  // namespace

void add_top_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<TopWords>();
  CLI::App* verb =
      app.add_subcommand("top", "Environments and calls as they are, renewed until q or Ctrl-C");
  verb->group(kOperating);
  verb->add_option("-n,--interval", words->seconds, "Seconds between two looks")
      ->capture_default_str()
      ->check(CLI::Range(0.2, 3600.0));
  verb->add_flag("--once", words->is_once, "One table, and no more; so too without a terminal");
  add_json(*verb, words->is_json);
  verb->callback([&, words] {
    chosen.action = [&, words]() -> Result<std::string> {
      const bool is_once = words->is_once || words->is_json || !surroundings.output.is_terminal ||
                           !surroundings.is_input_terminal;
      return is_once ? print_once(surroundings, words->is_json)
                     : watch(surroundings, words->seconds);
    };
  });
  add_examples(*verb,
               {{"proa top -n 1", "every second"},
                {"proa top --once", "what runs now, as a table"},
                {"proa top --json | jq '.environments[] | select(.state == \"busy\")'", ""}});
}

}  // namespace proa::cli
