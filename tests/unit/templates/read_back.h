// Templates as the tests of both kinds read them, and what is told about them as text.
#pragma once

#include "templates/templates.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace proa::templates {

using Lines = std::vector<std::string>;

inline Template template_of(const std::string& text, const TemplateInput& input = {}) {
  auto read = read_template(text, input);
  EXPECT_TRUE(read) << read.error().message();
  return read ? std::move(read).value() : Template();
}

/// "LINE TEXT" of each.
inline Lines lines(const std::vector<Problem>& problems) {
  Lines texts;
  for (const Problem& each : problems) texts.push_back(std::to_string(each.line) + " " + each.text);
  return texts;
}

}  // namespace proa::templates
