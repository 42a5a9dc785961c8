#include "templates/members.h"

#include <algorithm>

namespace proa::templates {
namespace {

Error wrong_shape(const Node& member, std::string_view name, std::string_view wanted) {
  return error_at(member, std::string(name) + " must be " + std::string(wanted) + ", not " +
                              std::string(member.kind_name()));
}

const Node* filled(const Node& node, std::string_view name) {
  const Node* const member = node.find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

bool says_something(const Node& node) {
  if (node.is_scalar()) return !node.text.empty();
  return !node.items.empty() || !node.members.empty();
}

}  // namespace

Error error_at(const Node& node, const std::string& text) {
  return Error(Errc::invalid, "line " + std::to_string(node.line) + ": " + text);
}

Result<std::optional<std::string>> text_at(const Node& node, std::string_view name) {
  const Node* const member = filled(node, name);
  if (member == nullptr) return std::optional<std::string>();
  if (!member->is_scalar()) return wrong_shape(*member, name, "a text");
  return std::optional<std::string>(member->text);
}

Result<std::optional<std::int64_t>> integer_at(const Node& node, std::string_view name) {
  const Node* const member = filled(node, name);
  if (member == nullptr) return std::optional<std::int64_t>();
  const auto number = integer_of(*member);
  if (!number) return error_at(*member, std::string(name) + " must be a whole number");
  return number;
}

Result<std::vector<std::string>> texts_at(const Node& node, std::string_view name) {
  std::vector<std::string> texts;
  const Node* const member = filled(node, name);
  if (member == nullptr) return texts;
  if (!member->is_list()) return wrong_shape(*member, name, "a list of texts");
  for (const Node& item : member->items) {
    if (!item.is_scalar()) return wrong_shape(item, name, "a list of texts");
    texts.push_back(item.text);
  }
  return texts;
}

Result<Texts> map_at(const Node& node, std::string_view name) {
  Texts texts;
  const Node* const member = filled(node, name);
  if (member == nullptr) return texts;
  if (!member->is_map()) return wrong_shape(*member, name, "a map of texts");
  for (const auto& [key, value] : member->members) {
    if (!value.is_scalar() && !value.is_null()) {
      return wrong_shape(value, std::string(name) + "." + key.substr(0, 100), "a text");
    }
    texts[key] = value.text;
  }
  return texts;
}

void sort_members(const Node& node, std::span<const KnownMember> known, const std::string& where,
                  Template& out) {
  for (const auto& [name, member] : node.members) {
    if (!says_something(member)) continue;
    const auto found =
        std::find_if(known.begin(), known.end(),
                     [&wanted = name](const KnownMember& each) { return each.name == wanted; });
    const Use use = found == known.end() ? Use::unsupported : found->use;
    if (use == Use::taken) continue;
    auto& list = use == Use::noted ? out.notes : out.problems;
    list.push_back(Problem{member.line, where + ": " + name.substr(0, 100)});
  }
}

Node merged(const Node& theirs, const Node& ours) {
  if (theirs.is_list() && ours.is_list()) {
    Node out = theirs;
    out.items.insert(out.items.end(), ours.items.begin(), ours.items.end());
    return out;
  }
  const bool is_merged =
      theirs.is_map() && ours.is_map() && !is_intrinsic(theirs) && !is_intrinsic(ours);
  if (!is_merged) return ours;
  Node out = theirs;
  out.line = ours.line;
  for (const auto& [name, member] : ours.members) {
    const auto at = std::find_if(out.members.begin(), out.members.end(),
                                 [&, &key = name](const auto& each) { return each.name == key; });
    if (at == out.members.end()) {
      out.members.emplace_back(name, member);
    } else {
      at->value = merged(at->value, member);
    }
  }
  return out;
}

bool is_intrinsic(const Node& node) {
  return node.is_map() && node.members.size() == 1 &&
         (node.members[0].name == "Ref" || node.members[0].name.starts_with("Fn::"));
}

}  // namespace proa::templates
