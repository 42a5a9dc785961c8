#include "cli/top_view.h"

#include "cli/answer.h"
#include "cli/human.h"
#include "cli/screen.h"
#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

namespace proa::cli {
namespace {

namespace json = boost::json;

constexpr const char* kNothing = "-";
constexpr std::size_t kShortId = 12;
/// So many of the lines below the heads are for functions at most.
constexpr std::size_t kFunctionShare = 3;

double real_in(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
}

bool has_number(const json::value& value, std::string_view name) {
  const json::value* found = find_in(value, name);
  return found != nullptr && found->is_number();
}

/// "740ms", "2.5s", "3m", "2h".
std::string time_text(double ms) {
  if (ms < 1000) return fixed(ms, 0) + "ms";
  if (ms < 60'000) return fixed(ms / 1000, 1) + "s";
  return human_age(std::chrono::seconds(static_cast<std::int64_t>(ms / 1000)));
}

std::string size_text(const json::value& value, std::string_view name) {
  const auto bytes = number_in(value, name);
  return bytes ? human_size(static_cast<std::uint64_t>(*bytes)) : kNothing;
}

std::string whole(const json::value& value, std::string_view name) {
  return std::to_string(number_in(value, name).value_or(0));
}

std::string or_nothing(std::string text) { return text.empty() ? kNothing : text; }

bool works(const json::value& environment) {
  const std::string state = text_in(environment, "state");
  return state == "busy" || state == "init";
}

/// The rows of the answer before, to find those of the same thing.
class Earlier {
 public:
  Earlier(const json::array* rows, std::initializer_list<std::string_view> key) : key_(key) {
    if (rows == nullptr) return;
    for (const json::value& row : *rows) rows_.emplace(key_of(row), &row);
  }
  /// Null: it was not there.
  const json::value* find(const json::value& row) const {
    const auto found = rows_.find(key_of(row));
    return found == rows_.end() ? nullptr : found->second;
  }

 private:
  std::string key_of(const json::value& row) const {
    std::string key;
    for (const std::string_view member : key_) key.append(text_in(row, member)).append("/");
    return key;
  }
  std::vector<std::string_view> key_;
  std::map<std::string, const json::value*> rows_;
};

/// Two answers, and the time between them; none: rates are unknown.
struct Looks {
  const json::value& now;
  const json::value* before = nullptr;
  double seconds = 0;

  /// How much the member grew, a second; nothing where it cannot be told.
  std::optional<double> rate(const json::value& row, const json::value* earlier,
                             std::string_view member) const {
    if (before == nullptr || seconds <= 0) return std::nullopt;
    const double was = earlier == nullptr ? 0 : real_in(*earlier, member);
    return std::max(real_in(row, member) - was, 0.0) / seconds;
  }
};

const json::array* rows_in(const json::value* answer, std::string_view name) {
  const json::value* found = answer == nullptr ? nullptr : find_in(*answer, name);
  return found == nullptr ? nullptr : found->if_array();
}

using Cells = std::vector<std::string>;

/// Columns from the left as far as they fit; the widths of all rows.
std::vector<std::string> aligned(const std::vector<Cells>& rows, std::size_t columns) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::size_t shown = 0;
  std::size_t width = 0;
  while (shown < widths.size()) {
    const std::size_t with = width + (shown == 0 ? 0 : 2) + widths[shown];
    if (columns != 0 && with > columns && shown > 0) break;
    width = with;
    ++shown;
  }
  std::vector<std::string> lines;
  for (const Cells& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < shown; ++i) {
      line += row[i];
      if (i + 1 < shown) line.append(widths[i] + 2 - width_of(row[i]), ' ');
    }
    lines.push_back(cut(line, columns));
  }
  return lines;
}

std::string rate_text(const std::optional<double>& rate) {
  return rate ? fixed(*rate, *rate < 10 ? 1 : 0) : std::string(kNothing);
}

Cells function_heads(bool has_rates) {
  if (has_rates) {
    return {"FUNCTION", "RUNNING",     "WAITING", "CALLS/s",
            "FAILED/s", "THROTTLED/s", "COLD/s",  "MEAN"};
  }
  return {"FUNCTION", "RUNNING", "WAITING", "CALLS", "FAILED", "THROTTLED", "COLD", "MEAN"};
}

/// The time of a call, of those between the looks or of all.
std::string mean(const Looks& looks, const json::value& row, const json::value* earlier) {
  const bool is_between = looks.before != nullptr && earlier != nullptr;
  const double calls = real_in(row, "calls") - (is_between ? real_in(*earlier, "calls") : 0);
  const double time =
      real_in(row, "duration_ms") - (is_between ? real_in(*earlier, "duration_ms") : 0);
  if (calls <= 0) return kNothing;
  const double ms = time / calls;
  return ms < 10 ? fixed(ms, 2) + "ms" : time_text(ms);
}

Cells function_cells(const Looks& looks, const json::value& row, const json::value* earlier) {
  Cells cells{text_in(row, "function"), whole(row, "running"), whole(row, "waiting")};
  for (const char* member : {"calls", "failures", "throttled", "cold_starts"}) {
    const auto rate = looks.rate(row, earlier, member);
    cells.push_back(looks.before == nullptr ? whole(row, member) : rate_text(rate));
  }
  cells.push_back(mean(looks, row, earlier));
  return cells;
}

std::vector<Cells> function_rows(const Looks& looks, std::size_t most) {
  std::vector<Cells> rows{function_heads(looks.before != nullptr)};
  const Earlier earlier(rows_in(looks.before, "functions"), {"account_id", "region", "function"});
  const json::array* functions = rows_in(&looks.now, "functions");
  std::vector<const json::value*> order;
  for (const json::value& row : *functions) order.push_back(&row);
  const auto calls_of = [&](const json::value* row) {
    return looks.rate(*row, earlier.find(*row), "calls").value_or(0);
  };
  std::stable_sort(order.begin(), order.end(), [&](const json::value* a, const json::value* b) {
    const auto running = [](const json::value* row) { return real_in(*row, "running"); };
    return running(a) != running(b) ? running(a) > running(b) : calls_of(a) > calls_of(b);
  });
  for (const json::value* row : order) {
    if (most != 0 && rows.size() > most) break;
    rows.push_back(function_cells(looks, *row, earlier.find(*row)));
  }
  return rows;
}

/// Of one processor, since the look before; an environment that was not there has none.
std::optional<double> processor_share(const Looks& looks, const json::value& row,
                                      const json::value* earlier) {
  if (earlier == nullptr || !has_number(row, "cpu_ms")) return std::nullopt;
  const auto rate = looks.rate(row, earlier, "cpu_ms");
  return rate ? std::optional(*rate / 10) : std::nullopt;
}

Cells environment_cells(const Looks& looks, const json::value& row, const json::value* earlier,
                        bool is_short) {
  const bool is_at_work = works(row);
  const std::string state_time = time_text(real_in(row, "in_state_ms"));
  const auto share = processor_share(looks, row, earlier);
  std::string id = text_in(row, "id");
  if (is_short) id = id.substr(0, kShortId);
  return {or_nothing(text_in(row, "function")),
          text_in(row, "state"),
          state_time,
          is_at_work ? time_text(real_in(row, "timeout_ms")) : kNothing,
          or_nothing(text_in(row, "request_id")),
          size_text(row, "memory_bytes"),
          size_text(row, "memory_limit_bytes"),
          share ? fixed(*share, 0) + "%" : kNothing,
          has_number(row, "cpu_ms") ? time_text(real_in(row, "cpu_ms")) : kNothing,
          or_nothing(text_in(row, "start")),
          whole(row, "calls"),
          time_text(real_in(row, "age_ms")),
          size_text(row, "memory_peak_bytes"),
          or_nothing(text_in(row, "runtime")),
          or_nothing(text_in(row, "kernel")),
          or_nothing(text_in(row, "version")),
          id};
}

Cells environment_heads() {
  return {"FUNCTION", "STATE",   "FOR",      "TIMEOUT", "REQUEST",    "MEMORY",
          "LIMIT",    "CPU",     "CPU TIME", "START",   "CALLS",      "AGE",
          "PEAK",     "RUNTIME", "KERNEL",   "VERSION", "ENVIRONMENT"};
}

double order_of(const Looks& looks, TopOrder order, const json::value& row,
                const json::value* earlier) {
  switch (order) {
    case TopOrder::memory:
      return real_in(row, "memory_bytes");
    case TopOrder::processor:
      return processor_share(looks, row, earlier).value_or(-1);
    case TopOrder::age:
      return real_in(row, "age_ms");
    case TopOrder::calls:
      return real_in(row, "calls");
    case TopOrder::running:
    case TopOrder::function:
      return 0;
  }
  return 0;
}

std::vector<const json::value*> ordered(const Looks& looks, TopOrder order,
                                        const Earlier& earlier) {
  std::vector<const json::value*> rows;
  for (const json::value& row : *rows_in(&looks.now, "environments")) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [&](const json::value* a, const json::value* b) {
    if (order == TopOrder::function) return text_in(*a, "function") < text_in(*b, "function");
    return order_of(looks, order, *a, earlier.find(*a)) >
           order_of(looks, order, *b, earlier.find(*b));
  });
  return rows;
}

/// A line of the environments as it is painted: who is near its timeout stands out.
Ink ink_of(const json::value& row) {
  const double timeout = real_in(row, "timeout_ms");
  const bool is_near = works(row) && timeout > 0 && real_in(row, "in_state_ms") > timeout * 0.8;
  if (is_near) return Ink::failure;
  return works(row) ? Ink::success : Ink::faint;
}

std::string host_line(const json::value& answer) {
  const json::value* host = object_in(answer, "host");
  if (host == nullptr) return {};
  return "environments " + whole(*host, "environments") + " of " +
         whole(*host, "environments_max") + "; calls " + whole(*host, "running") + " running, " +
         whole(*host, "waiting") + " waiting, " + whole(*host, "account_concurrency_max") +
         " an account at most; memory " + size_text(*host, "memory_counted_bytes") +
         " counted for environments, " + size_text(*host, "memory_available_bytes") + " of " +
         size_text(*host, "memory_total_bytes") + " free, " +
         size_text(*host, "memory_reserve_bytes") + " kept";
}

std::string left_out(const json::value& answer, std::string_view what, std::size_t shown) {
  const auto all = number_in(answer, std::string(what) + "_in_all").value_or(0);
  const auto more = all - static_cast<std::int64_t>(shown);
  return more > 0 ? std::to_string(more) + " more " + std::string(what) : std::string();
}

}  // namespace

std::optional<TopOrder> parse_top_order(char key) {
  for (const TopOrder order : {TopOrder::running, TopOrder::memory, TopOrder::processor,
                               TopOrder::function, TopOrder::age, TopOrder::calls}) {
    if (static_cast<char>(order) == key) return order;
  }
  return std::nullopt;
}

Result<void> TopView::take(json::value answer, SteadyTime at) {
  for (const char* name : {"functions", "environments"}) {
    TRY(array_in(answer, name));
  }
  const bool was_missed = std::exchange(is_missed_, false);
  notice_.clear();
  before_ = std::move(last_);
  last_ = Answer{std::move(answer), at};
  if (before_ && text_in(before_->value, "began") != text_in(last_->value, "began")) {
    before_.reset();
    notice_ = "The daemon was started anew at " + text_in(last_->value, "began") + ".";
  } else if (was_missed) {
    notice_ = "The daemon answers again.";
  }
  return ok();
}

void TopView::miss(std::string reason) {
  notice_ = std::move(reason);
  is_missed_ = true;
}

std::vector<std::string> TopView::lines(const TopFrame& frame) const {
  std::vector<std::string> out;
  const auto add = [&](std::string_view text, std::optional<Ink> ink) {
    const std::string line = cut(one_line(text), frame.screen.columns);
    out.push_back(ink ? paint(frame.screen, *ink, line) : line);
  };
  if (!notice_.empty()) add(notice_, Ink::warning);
  if (!last_) return out;
  Looks looks{last_->value};
  if (before_) {
    looks.before = &before_->value;
    looks.seconds = std::chrono::duration<double>(last_->at - before_->at).count();
  }
  add(host_line(last_->value), std::nullopt);
  add("", std::nullopt);
  const std::size_t most =
      frame.rows == 0 ? 0 : std::max(frame.rows / kFunctionShare, std::size_t{2});
  const auto functions = function_rows(looks, most);
  bool is_head = true;
  for (const std::string& line : aligned(functions, frame.screen.columns)) {
    add(line, std::exchange(is_head, false) ? std::optional(Ink::head) : std::nullopt);
  }
  const std::string functions_left = left_out(last_->value, "functions", functions.size() - 1);
  if (!functions_left.empty()) add(functions_left, Ink::faint);
  add("", std::nullopt);
  const Earlier earlier(rows_in(looks.before, "environments"), {"id"});
  const auto order = ordered(looks, frame.order, earlier);
  std::vector<Cells> rows{environment_heads()};
  for (const json::value* row : order) {
    rows.push_back(environment_cells(looks, *row, earlier.find(*row), frame.screen.is_terminal));
  }
  const auto lines = aligned(rows, frame.screen.columns);
  add(lines.front(), Ink::head);
  std::size_t shown = 0;
  for (; shown < order.size(); ++shown) {
    const bool is_last = frame.rows != 0 && out.size() + 1 >= frame.rows;
    if (is_last && shown + 1 < order.size()) break;
    add(lines[shown + 1], ink_of(*order[shown]));
  }
  const std::string environments_left = left_out(last_->value, "environments", shown);
  if (!environments_left.empty()) add(environments_left, Ink::faint);
  return out;
}

}  // namespace proa::cli
