#include "cli/table.h"

#include "cli/screen.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <numeric>

namespace proa::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  if (value.is_string()) {
    return std::string(value.get_string().data(), value.get_string().size());
  }
  if (!value.is_array()) return json::serialize(value);
  std::string text;
  for (const json::value& item : value.get_array()) {
    text.append(text.empty() ? "" : ",").append(text_of(item));
  }
  return text;
}

void append_pretty(const json::value& value, std::size_t depth, std::string& out) {
  const bool is_object = value.is_object() && !value.get_object().empty();
  const bool is_array = value.is_array() && !value.get_array().empty();
  if (!is_object && !is_array) {
    out.append(json::serialize(value));
    return;
  }
  const std::string indent((depth + 1) * 2, ' ');
  out.append(is_object ? "{" : "[");
  bool is_first = true;
  const auto begin_item = [&] {
    out.append(is_first ? "\n" : ",\n").append(indent);
    is_first = false;
  };
  if (is_object) {
    for (const auto& member : value.get_object()) {
      begin_item();
      out.append(json::serialize(json::value(member.key()))).append(": ");
      append_pretty(member.value(), depth + 1, out);
    }
  } else {
    for (const json::value& item : value.get_array()) {
      begin_item();
      append_pretty(item, depth + 1, out);
    }
  }
  out.append("\n").append(depth * 2, ' ').append(is_object ? "}" : "]");
}

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;  ///< a column is not cut below

/// Makes the widest columns narrower until a line fits.
void fit(std::vector<std::size_t>& widths, std::size_t columns) {
  if (columns == 0 || widths.empty()) return;
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (total > columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
    --total;
  }
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                    const std::vector<Column>& columns) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string text = cut(cells[i], widths[i]);
    const std::string padding(widths[i] - std::min(widths[i], width_of(text)), ' ');
    const bool is_last = i + 1 == cells.size();
    line += columns[i].is_number ? padding + text : text + (is_last ? "" : padding);
    if (!is_last) line.append(kGap, ' ');
  }
  return line;
}

}  // namespace

std::string cell(const json::value& row, std::string_view member) {
  const json::value* value =
      row.is_object()
          ? row.get_object().if_contains(json::string_view(member.data(), member.size()))
          : nullptr;
  std::string text = value == nullptr || value->is_null() ? std::string() : text_of(*value);
  return text.empty() ? "-" : text;
}

std::string table(const Screen& screen, const json::array& rows,
                  const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines[0].emplace_back(column.head);
  for (const json::value& row : rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const Column& column : columns) line.push_back(one_line(cell(row, column.member)));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(line[i]));
    }
  }
  fit(widths, screen.columns);
  std::string out = paint(screen, Ink::head, line_of(lines[0], widths, columns)) + "\n";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    out.append(line_of(lines[i], widths, columns)).append("\n");
  }
  return out;
}

std::string pretty(const json::value& value) {
  std::string out;
  append_pretty(value, 0, out);
  return out + "\n";
}

}  // namespace proa::cli
