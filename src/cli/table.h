// Answers as people read them. Private to cli/.
#pragma once

#include "cli/cli.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace proa::cli {

/// A column: its head, and the member of the row that stands in it.
struct Column {
  std::string_view head;
  std::string_view member;
  bool is_number = false;  ///< stands at the right
};

/// The member as text: lists joined by ",", nothing as "-".
std::string cell(const boost::json::value& row, std::string_view member);

/// One line a row under a line of heads, columns two spaces apart; only the heads when there is no
/// row. Where the screen has a width, the widest columns are cut until lines fit.
std::string table(const Screen& screen, const boost::json::array& rows,
                  const std::vector<Column>& columns);

/// JSON with a line a member, for --json.
std::string pretty(const boost::json::value& value);

}  // namespace proa::cli
