// What a folder does not bring along: .proaignore. Private to packaging/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace proa::packaging {

/// Rules in the manner of .gitignore, one a line: "*" and "?" stay within a name, "**" does not,
/// "[a-z]" is one character; "/" at the end means folders only, anywhere else that the rule is
/// about the whole path from the top; "!" takes back; "#" begins a comment. The last rule that fits
/// decides. A value.
class IgnoreRules {
 public:
  /// What no package needs, in front of any rules of one's own.
  static IgnoreRules defaults();
  /// Adds the lines of a file.
  void add(std::string_view text);
  /// `path` relative to the top, without slashes at its ends.
  bool ignores(std::string_view path, bool is_folder) const;

 private:
  struct Rule {
    std::string pattern;
    bool is_negated = false;
    bool is_for_folders = false;
    bool is_anchored = false;  ///< about the path from the top, else about its last name
  };
  std::vector<Rule> rules_;
};

/// Whether all of `text` fits `pattern`. Takes time in proportion to the product of their lengths.
bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace proa::packaging
