#include "calendar/cron_field.h"

#include <charconv>

namespace proa::calendar {
namespace {

constexpr std::size_t kShownMax = 60;

struct Range {
  unsigned first = 0;
  unsigned last = 0;
};

std::optional<unsigned> field_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "*", "5", "5-9"; with a step a single value goes on to the end.
Result<Range> parse_range(const CronField& field, std::string_view whole, std::string_view text,
                          bool has_step) {
  if (text == "*") return Range{field.least, field.most};
  const std::size_t dash = text.find('-');
  const auto first = cron_value(field, text.substr(0, dash));
  if (!first) return cron_error(field, whole, "'" + std::string(text) + "' is no value of it");
  if (dash == std::string_view::npos) return Range{*first, has_step ? field.most : *first};
  const auto last = cron_value(field, text.substr(dash + 1));
  if (!last) return cron_error(field, whole, "'" + std::string(text) + "' is no range of it");
  if (*last < *first && !field.may_wrap) {
    return cron_error(field, whole, "the range '" + std::string(text) + "' ends before it begins");
  }
  return Range{*first, *last};
}

Result<unsigned> parse_step(const CronField& field, std::string_view whole,
                            std::optional<std::string_view> text) {
  if (!text) return 1U;
  if (!field.has_steps) return cron_error(field, whole, "it has no steps ('/')");
  const auto step = field_number(*text);
  if (!step || *step == 0 || *step > field.most) {
    return cron_error(field, whole, "'" + std::string(*text) + "' is no step: a number from 1 on");
  }
  return *step;
}

Result<void> add_item(const CronField& field, std::string_view whole, std::string_view item,
                      CronValues& values) {
  const std::size_t slash = item.find('/');
  std::optional<std::string_view> step_text;
  if (slash != std::string_view::npos) step_text = item.substr(slash + 1);
  TRY(const unsigned step, parse_step(field, whole, step_text));
  TRY(const Range range, parse_range(field, whole, item.substr(0, slash), step_text.has_value()));
  const unsigned count = field.most - field.least + 1;
  const unsigned length = (range.last + count - range.first) % count;
  for (unsigned offset = 0; offset <= length; offset += step) {
    values.set((range.first - field.least + offset) % count);
  }
  return ok();
}

}  // namespace

Error cron_error(const CronField& field, std::string_view text, std::string_view wrong) {
  return Error(Errc::invalid, "The field " + std::string(field.name) +
                                  " of the cron expression, '" +
                                  std::string(text.substr(0, kShownMax)) +
                                  "': " + std::string(wrong.substr(0, 2 * kShownMax)) +
                                  ". It accepts " + std::string(field.accepts));
}

std::optional<unsigned> cron_value(const CronField& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (text == field.names[i]) return field.least + static_cast<unsigned>(i);
  }
  const auto value = field_number(text);
  if (!value || *value < field.least || *value > field.most) return std::nullopt;
  return value;
}

Result<CronValues> parse_values(const CronField& field, std::string_view text) {
  CronValues values;
  std::string_view rest = text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    TRY(add_item(field, text, rest.substr(0, comma), values));
    if (comma == std::string_view::npos) return values;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace proa::calendar
