// proa usage
#include "cli/answer.h"
#include "cli/endpoint.h"
#include "cli/help.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstdio>
#include <map>
#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// The members of a record in the order of the columns of --csv.
constexpr auto kUsageColumns = std::to_array<std::string_view>(
    {"began", "account_id", "region", "function", "version", "request_id", "status", "error_type",
     "duration_ms", "init_ms", "billed_ms", "memory_mib", "max_memory_bytes", "gb_seconds",
     "environment_id", "start", "runtime", "isolation", "trace_id"});

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct UsageWords {
  std::string function;
  std::string since;
  std::string until;
  bool is_json = false;
  bool is_csv = false;
};

/// Not as JSON may write it, 1.5E0, which a spreadsheet shows as it comes.
std::string plain(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

/// As RFC 4180 wants it: quotes around what holds a comma, a quote or the end of a line.
std::string csv_field(const json::value& value) {
  if (value.is_double()) return plain(value.get_double());
  if (!value.is_string()) return json::serialize(value);
  std::string text(value.get_string().data(), value.get_string().size());
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

std::string csv_line(const json::value& record) {
  std::string line;
  for (const std::string_view column : kUsageColumns) {
    if (!line.empty()) line += ",";
    const auto* value = find_in(record, column);
    if (value != nullptr) line += csv_field(*value);
  }
  return line + "\r\n";
}

std::string csv_head() {
  std::string line;
  for (const std::string_view column : kUsageColumns) {
    if (!line.empty()) line += ",";
    line += column;
  }
  return line + "\r\n";
}

/// What the calls of one function took together.
struct Sum {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double duration_ms = 0;
  double billed_ms = 0;
  double gb_seconds = 0;
  double max_memory_bytes = 0;

  void add(const json::value& record) {
    ++calls;
    if (text_in(record, "status") != "success") ++failed;
    duration_ms += amount(record, "duration_ms");
    billed_ms += amount(record, "billed_ms");
    gb_seconds += amount(record, "gb_seconds");
    max_memory_bytes = std::max(max_memory_bytes, amount(record, "max_memory_bytes"));
  }

  static double amount(const json::value& record, std::string_view name) {
    const json::value* found = find_in(record, name);
    return found != nullptr && found->is_number() ? found->to_number<double>() : 0;
  }
};

json::object row_of(const std::string& function, const Sum& sum) {
  json::object row;
  row["function"] = function;
  row["calls"] = sum.calls;
  row["failed"] = sum.failed;
  row["mean_ms"] = fixed(sum.duration_ms / static_cast<double>(sum.calls), 2);
  row["billed_s"] = fixed(sum.billed_ms / 1000, 3);
  row["gb_seconds"] = fixed(sum.gb_seconds, 6);
  row["memory"] = fixed(sum.max_memory_bytes / 1024 / 1024, 0);
  return row;
}

/// One run of the verb: pages of records, each shown or added up.
class Usage {
 public:
  Usage(const Surroundings& around, const UsageWords& words) : around_(around), words_(words) {}

  Result<std::string> run() {
    if (words_.is_csv) is_over_ = !around_.print(csv_head());
    std::string next;
    for (bool is_end = false; !is_end && !is_over_;) {
      std::string target = "/proa/v1/usage?";
      add_parameter(target, "function", words_.function);
      add_parameter(target, "since", words_.since);
      add_parameter(target, "until", words_.until);
      add_parameter(target, "after", next);
      TRY(const auto page, ask(around_, "GET", target));
      TRY(const auto records, array_in(page, "records"));
      take(records);
      next = text_in(page, "next");
      is_end = flag_in(page, "is_end") || next.empty();
    }
    if (words_.is_csv || words_.is_json) return std::string();
    return sums();
  }

 private:
  void take(const json::array& records) {
    std::string text;
    for (const auto& record : records) {
      if (words_.is_csv) {
        text += csv_line(record);
      } else if (words_.is_json) {
        text += json::serialize(record) + "\n";
      } else {
        by_function_[text_in(record, "function")].add(record);
      }
    }
    if (!text.empty()) is_over_ = !around_.print(text);
  }

  std::string sums() const {
    if (by_function_.empty()) return "No calls.\n";
    json::array rows;
    for (const auto& [function, sum] : by_function_) rows.push_back(row_of(function, sum));
    return table(around_.output, rows,
                 {{"FUNCTION", "function"},
                  {"CALLS", "calls", true},
                  {"FAILED", "failed", true},
                  {"MEAN MS", "mean_ms", true},
                  {"BILLED S", "billed_s", true},
                  {"GB-S", "gb_seconds", true},
                  {"MAX MEMORY MIB", "memory", true}});
  }

  const Surroundings& around_;
  const UsageWords& words_;
  std::map<std::string, Sum> by_function_;
  bool is_over_ = false;  ///< nobody reads any more
};

}  // namespace

void add_usage_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<UsageWords>();
  CLI::App* verb = app.add_subcommand("usage", "What calls took: sums, or a record of each");
  verb->group(kCalls);
  add_examples(*verb, {{"proa usage --since 1d", "sums by function"},
                       {"proa usage resize --csv > calls.csv", "a line a call"}});
  verb->add_option("function", words->function, "Only of this function, by its name or ARN")
      ->type_name(kFunctionName);
  verb->add_option("--since", words->since,
                   "Calls that ended then or later: an age (1h, 1d, 4w) or a time (2026-11-26)");
  verb->add_option("--until", words->until, "Calls that ended before");
  auto* json = verb->add_flag("--json", words->is_json, "One JSON object a call and line");
  verb->add_flag("--csv", words->is_csv, "One line a call, under a line of heads")->excludes(json);
  verb->callback(
      [&, words] { chosen.action = [&, words] { return Usage(surroundings, *words).run(); }; });
}

}  // namespace proa::cli
