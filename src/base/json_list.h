// Texts as a JSON array.
#pragma once

#include <boost/json/array.hpp>

#include <string>
#include <vector>

namespace proa {

inline boost::json::array json_list(const std::vector<std::string>& texts) {
  boost::json::array list;
  list.reserve(texts.size());
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace proa
