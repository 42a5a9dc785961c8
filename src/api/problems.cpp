#include "api/problems.h"

#include <algorithm>

namespace proa::api {

void Problems::violate(std::string_view value, std::string_view member,
                       std::string_view constraint) {
  add("Value '" + std::string(value) + "' at '" + std::string(member) +
      "' failed to satisfy constraint: Member must " + std::string(constraint));
}

void Problems::missing(std::string_view member) {
  add("Value null at '" + std::string(member) +
      "' failed to satisfy constraint: Member must not be null");
}

void Problems::add(std::string violation) { violations_.push_back(std::move(violation)); }

void Problems::mismatch(std::string text) {
  if (!mismatch_) mismatch_ = std::move(text);
}

std::string Problems::text() const {
  std::string text = std::to_string(violations_.size()) + " validation error" +
                     (violations_.size() == 1 ? "" : "s") + " detected: ";
  for (std::size_t i = 0; i < violations_.size(); ++i) {
    text.append(i > 0 ? "; " : "").append(violations_[i]);
  }
  return text;
}

void check_range(std::int64_t value, std::int64_t least, std::int64_t most, std::string_view member,
                 Problems& problems) {
  if (value < least) {
    problems.violate(std::to_string(value), member,
                     "have value greater than or equal to " + std::to_string(least));
  }
  if (value > most) {
    problems.violate(std::to_string(value), member,
                     "have value less than or equal to " + std::to_string(most));
  }
}

void check_length(std::string_view value, std::size_t most, std::string_view member,
                  Problems& problems) {
  const auto characters =
      static_cast<std::size_t>(std::count_if(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      }));
  if (characters > most) {
    problems.violate(value, member, "have length less than or equal to " + std::to_string(most));
  }
}

}  // namespace proa::api
