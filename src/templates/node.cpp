#include "templates/node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

namespace proa::templates {
namespace {

/// Ends the parser from within: it knows only exceptions. Caught in read_node().
struct Refused {
  std::string reason;
  std::size_t line;
};

std::size_t line_of(const YAML::Mark& mark) { return static_cast<std::size_t>(mark.line) + 1; }

/// "!Sub x" as {"Fn::Sub": x}; "!GetAtt a.b" as {"Fn::GetAtt": ["a", "b"]}.
Node long_form(const std::string& tag, Node inner) {
  const std::string name = tag.substr(1);
  Node outer;
  outer.kind = Node::Kind::map;
  outer.line = inner.line;
  const bool is_plain = name == "Ref" || name == "Condition";
  if (name == "GetAtt" && inner.is_scalar()) {
    const std::size_t dot = inner.text.find('.');
    Node list;
    list.kind = Node::Kind::list;
    list.line = inner.line;
    list.items.push_back(make_scalar(inner.text.substr(0, dot), inner.line));
    if (dot != std::string::npos) {
      list.items.push_back(make_scalar(inner.text.substr(dot + 1), inner.line));
    }
    inner = std::move(list);
  }
  outer.members.emplace_back(is_plain ? name : "Fn::" + name, std::move(inner));
  return outer;
}

std::size_t count_of(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_of(item);
  for (const auto& [name, member] : node.members) count += count_of(member);
  return count;
}

/// Makes the tree while the parser reads.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(const NodeLimits& limits) : limits_(limits) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.line = line_of(mark);
    add(std::move(node), anchor, 1);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    // One that is still open would be a part of itself.
    if (found == anchors_.end()) refuse("an alias of what is not complete", line_of(mark));
    add(found->second.node, 0, found->second.count);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make_scalar(value, line_of(mark));
    node.is_quoted = tag != "?";  // that stands for plain ones
    if (is_function(tag)) node = long_form(tag, std::move(node));
    add(std::move(node), anchor, 1);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::string tag;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> name;  ///< of the member whose value comes next
    std::size_t name_line = 0;
  };
  struct Kept {
    Node node;
    std::size_t count = 0;
  };

  [[noreturn]] static void refuse(std::string reason, std::size_t line) {
    throw Refused{std::move(reason), line};
  }
  static bool is_function(const std::string& tag) {
    return tag.size() > 1 && tag[0] == '!' && tag[1] != '!';
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    if (open_.size() >= limits_.depth_max) {
      refuse("more than " + std::to_string(limits_.depth_max) + " levels", line_of(mark));
    }
    Open opened;
    opened.node.kind = kind;
    opened.node.line = line_of(mark);
    opened.tag = tag;
    opened.anchor = anchor;
    open_.push_back(std::move(opened));
  }
  void close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (is_function(closed.tag)) closed.node = long_form(closed.tag, std::move(closed.node));
    const std::size_t count = closed.anchor == 0 ? 1 : count_of(closed.node);
    if (closed.anchor != 0) anchors_[closed.anchor] = Kept{closed.node, count};
    put(std::move(closed.node), 1);
  }
  void add(Node node, YAML::anchor_t anchor, std::size_t count) {
    if (anchor != 0) anchors_[anchor] = Kept{node, count};
    put(std::move(node), count);
  }
  void put(Node node, std::size_t count) {
    count_ += count;
    if (count_ > limits_.nodes_max) {
      refuse("more than " + std::to_string(limits_.nodes_max) + " values", node.line);
    }
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.name) {
      if (!node.is_scalar()) refuse("the name of a member is no text", node.line);
      if (parent.node.find(node.text) != nullptr) {
        refuse("'" + node.text.substr(0, 100) + "' is there twice", node.line);
      }
      parent.name = std::move(node.text);
      parent.name_line = node.line;
    } else {
      node.line = parent.name_line;  // where people look for it
      parent.node.members.emplace_back(std::move(*parent.name), std::move(node));
      parent.name.reset();
    }
  }

  const NodeLimits& limits_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Kept> anchors_;
  std::size_t count_ = 0;
  Node root_;
};

}  // namespace

Node::Node() = default;
Node::Node(const Node& other) = default;
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(const Node& other) = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

const Node* Node::find(std::string_view name) const {
  const auto at = std::find_if(members.begin(), members.end(),
                               [&](const auto& member) { return member.name == name; });
  return at == members.end() ? nullptr : &at->value;
}

std::string_view Node::kind_name() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a text";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a map";
  }
  return "";
}

Node make_scalar(std::string text, std::size_t line) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.line = line;
  node.text = std::move(text);
  return node;
}

Result<Node> read_node(std::string_view text, const NodeLimits& limits) {
  const auto refused = [](const std::string& reason, std::size_t line) {
    return Error(Errc::invalid, "line " + std::to_string(line) + ": " + reason);
  };
  if (text.size() > limits.bytes_max) {
    return Error(Errc::invalid, "it is larger than " + std::to_string(limits.bytes_max) + " bytes");
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    Builder builder(limits);
    if (!parser.HandleNextDocument(builder)) return Error(Errc::invalid, "it is empty");
    Node node = builder.take();
    Builder more(limits);
    if (parser.HandleNextDocument(more)) {
      return Error(Errc::invalid, "it has more than one document");
    }
    return node;
  } catch (const Refused& refusal) {
    return refused(refusal.reason, refusal.line);
  } catch (const YAML::Exception& failure) {
    return refused(failure.msg, line_of(failure.mark));
  } catch (const std::exception& failure) {
    return Error(Errc::invalid, "it is not YAML: " + std::string(failure.what()));
  }
}

std::optional<std::int64_t> integer_of(const Node& node) {
  if (!node.is_scalar()) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = node.text.data() + node.text.size();
  const auto [at, error] = std::from_chars(node.text.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::optional<bool> truth_of(const Node& node) {
  if (!node.is_scalar()) return std::nullopt;
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  return std::nullopt;
}

}  // namespace proa::templates
