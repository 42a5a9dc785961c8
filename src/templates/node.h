// YAML as a tree of our own: with lines, without anchors, bounded. Private to templates/.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proa::templates {

/// A value of a template. JSON is YAML too. Tags of CloudFormation ("!Sub x") are what they stand
/// for: a map with the one member "Fn::Sub".
struct Node {
  // Made in node.cpp, where a Member is complete.
  Node();
  Node(const Node& other);
  Node(Node&& other) noexcept;
  Node& operator=(const Node& other);
  Node& operator=(Node&& other) noexcept;
  ~Node();

  struct Member;
  enum class Kind { null, scalar, list, map } kind = Kind::null;
  std::size_t line = 0;   ///< from 1
  std::string text;       ///< of a scalar
  bool is_quoted = true;  ///< a scalar that is a text, whatever it looks like
  std::vector<Node> items;
  std::vector<Member> members;  ///< in order, each name once

  bool is_null() const { return kind == Kind::null; }
  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  /// The member of that name; null when there is none, or this is no map.
  const Node* find(std::string_view name) const;
  /// "a text", "a list" ...: for errors.
  std::string_view kind_name() const;
};

/// A value of a map, and its name.
struct Node::Member {
  Member(std::string member_name, Node member_value)
      : name(std::move(member_name)), value(std::move(member_value)) {}
  std::string name;
  Node value;
};

Node make_scalar(std::string text, std::size_t line);

/// What a template may have. A hostile one ends in an error, never in memory or time.
struct NodeLimits {
  std::size_t bytes_max = 1024 * 1024;
  std::size_t nodes_max = 50000;  ///< with every alias counted as what it stands for
  std::size_t depth_max = 64;
};

/// Reads the one document in `text`. Errc: invalid (with the line: not YAML, more than one
/// document, a name twice in one map, a map's name that is no text, too large or deep).
Result<Node> read_node(std::string_view text, const NodeLimits& limits);

/// The whole number or truth value that a scalar stands for; nothing when it stands for none.
std::optional<std::int64_t> integer_of(const Node& node);
std::optional<bool> truth_of(const Node& node);

}  // namespace proa::templates
