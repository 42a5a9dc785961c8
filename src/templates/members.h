// Members of resolved nodes, with their shapes checked. Private to templates/.
#pragma once

#include "templates/node.h"
#include "templates/templates.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proa::templates {

using Texts = std::map<std::string, std::string>;

// Nothing where there is no such member or it is null. Errc: invalid (another shape; the message
// names line and member).
Result<std::optional<std::string>> text_at(const Node& node, std::string_view name);
Result<std::optional<std::int64_t>> integer_at(const Node& node, std::string_view name);
Result<std::vector<std::string>> texts_at(const Node& node, std::string_view name);
Result<Texts> map_at(const Node& node, std::string_view name);

/// What to do with a member.
enum class Use { taken, noted, unsupported };
struct KnownMember {
  std::string_view name;
  Use use = Use::taken;
};

/// Puts every member that is not `taken` among the notes or (also unknown ones) the problems, as
/// "WHERE: NAME". Members that say nothing are passed over.
void sort_members(const Node& node, std::span<const KnownMember> known, const std::string& where,
                  Template& out);

/// `ours` laid over `theirs`, as SAM does with Globals: maps are merged, lists put one behind the
/// other, all else is replaced.
Node merged(const Node& theirs, const Node& ours);

/// Whether the node is a function of CloudFormation: {Ref: ...} or {Fn::...: ...}.
bool is_intrinsic(const Node& node);

Error error_at(const Node& node, const std::string& text);

}  // namespace proa::templates
