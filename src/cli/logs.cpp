// proa logs
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <poll.h>
#include <unistd.h>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t kLastEvents = 100;  ///< without --since and --limit
constexpr int kWaitSeconds = 5;            ///< as long a closed pipe may go unnoticed

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct LogsWords {
  std::string function;
  std::string since;
  std::string request_id;
  std::string stream;
  std::string filter;
  std::int64_t limit = 0;  ///< 0: not given
  bool is_following = false;
  bool is_json = false;
};

/// The daemon's log of the function, without what says which page of it.
std::string target_of(const LogsWords& words) {
  std::string target = "/proa/v1/logs?function=" + http::percent_encode(words.function);
  add_parameter(target, "request_id", words.request_id);
  add_parameter(target, "stream", words.stream);
  add_parameter(target, "filter", words.filter);
  return target;
}

std::string line_of(const json::value& event, bool is_json) {
  if (is_json) return json::serialize(event) + "\n";
  return text_in(event, "time") + " " + text_in(event, "message") + "\n";
}

/// Whether whoever read standard output is gone: then there will be no more to write to.
bool is_output_gone() {
  pollfd polled{STDOUT_FILENO, 0, 0};
  return ::poll(&polled, 1, 0) > 0 && (polled.revents & (POLLERR | POLLNVAL)) != 0;
}

/// One run of the verb.
class Reading {
 public:
  Reading(const Surroundings& around, const LogsWords& words)
      : around_(around), words_(words), target_(target_of(words)) {}

  Result<std::string> run() {
    const bool is_from_the_end = words_.since.empty() || words_.limit > 0;
    if (is_from_the_end) {
      TRY(print_last(words_.limit > 0 ? words_.limit : kLastEvents));
    } else {
      TRY(print_since());
    }
    if (words_.is_following) {
      TRY(follow());
    } else if (!has_printed_ && has_logged_ && !words_.is_json) {
      around_.note("No events match.\n");
    }
    return std::string();
  }

 private:
  /// The last `count` events, gathered page by page from the newest on.
  Result<void> print_last(std::int64_t count) {
    std::vector<json::array> pages;
    std::string before;
    do {
      std::string target = target_;
      add_parameter(target, "since", words_.since);
      add_parameter(target, "last", std::to_string(count));
      add_parameter(target, "before", before);
      TRY(auto page, ask_page(target));
      if (pages.empty()) next_ = text_in(page, "next");
      before = text_in(page, "previous");
      TRY(auto events, array_in(page, "events"));
      count -= static_cast<std::int64_t>(events.size());
      pages.push_back(std::move(events));
    } while (count > 0 && !before.empty());
    for (auto page = pages.rbegin(); page != pages.rend() && !is_over_; ++page) print(*page);
    return ok();
  }

  Result<void> print_since() {
    for (bool is_end = false; !is_end && !is_over_;) {
      std::string target = target_;
      add_parameter(target, "since", words_.since);
      add_parameter(target, "after", next_);
      TRY(const auto page, ask_page(target));
      TRY(take_forward(page));
      is_end = flag_in(page, "is_end") || next_.empty();
    }
    return ok();
  }

  Result<void> follow() {
    while (!is_over_ && !is_output_gone()) {
      std::string target = target_;
      if (next_.empty()) add_parameter(target, "since", words_.since);
      add_parameter(target, "after", next_);
      add_parameter(target, "wait_s", std::to_string(kWaitSeconds));
      TRY(const auto page, ask_page(target));
      TRY(take_forward(page));
    }
    return ok();
  }

  Result<json::value> ask_page(const std::string& target) {
    TRY(auto page, ask(around_, "GET", target));
    has_logged_ = flag_in(page, "has_logged");
    if (!has_logged_ && !has_said_so_) {
      around_.note(words_.function + " has not logged anything yet" +
                   (words_.is_following ? "; waiting for it.\n" : ".\n"));
      has_said_so_ = true;
    }
    return page;
  }

  Result<void> take_forward(const json::value& page) {
    TRY(const auto events, array_in(page, "events"));
    print(events);
    next_ = text_in(page, "next");
    return ok();
  }

  void print(const json::array& events) {
    std::string text;
    for (const auto& event : events) text += line_of(event, words_.is_json);
    if (text.empty()) return;
    has_printed_ = true;
    is_over_ = !around_.print(text);
  }

  const Surroundings& around_;
  const LogsWords& words_;
  const std::string target_;
  std::string next_;  ///< behind what was printed
  bool has_logged_ = true;
  bool has_said_so_ = false;
  bool has_printed_ = false;
  bool is_over_ = false;  ///< nobody reads any more
};

}  // namespace

void add_logs_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<LogsWords>();
  CLI::App* verb = app.add_subcommand("logs", "What a function printed, and what its calls took");
  verb->group(kCalls);
  add_examples(*verb, {{"proa logs resize -f", "as it prints"},
                       {"proa logs resize --since 1h --filter ERROR", ""},
                       {"proa logs resize --request-id ID --json | jq .message", "one call"}});
  verb->add_option("function", words->function, "Its name or ARN")
      ->required()
      ->type_name(kFunctionName);
  verb->add_flag("-f,--follow", words->is_following, "Go on as it prints, until Ctrl-C");
  verb->add_option("--since", words->since,
                   "From then on: an age (30s, 10m, 2h, 1d, 1w) or a time (2026-11-26T01:00:00Z)");
  verb->add_option("-n,--limit", words->limit,
                   "The last N events; 100 if neither this nor --since is given")
      ->check(CLI::Range(1, 10'000));
  verb->add_option("--request-id", words->request_id, "Only of this call");
  verb->add_option("--stream", words->stream, "Only of this log stream (one environment)");
  verb->add_option("--filter", words->filter,
                   "Only what a CloudWatch filter pattern takes, e.g. 'ERROR -timeout', "
                   "'{ $.level = \"ERROR\" }'");
  verb->add_flag("--json", words->is_json, "One JSON object a line");
  verb->callback(
      [&, words] { chosen.action = [&, words] { return Reading(surroundings, *words).run(); }; });
}

}  // namespace proa::cli
