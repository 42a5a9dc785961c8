#include "base/encoding.h"
#include "images/images.h"

namespace proa::images {
namespace {

/// In every id: another way of making images makes others.
constexpr std::string_view kFormat = "proa image 1";
constexpr const char* kFolderProgram = "/var/runtime/image/folder.sh";
constexpr const char* kRuntimeRootProgram = "/var/runtime/image/runtime_root.sh";
constexpr const char* kRootProgram = "/var/runtime/image/root.sh";

/// Names and digests hold no line's end, so that the lines can be told apart.
std::string id_of(std::string_view kind, const std::vector<std::string>& parts) {
  std::string text(kFormat);
  text.append("\n").append(kind);
  for (const std::string& part : parts) text.append("\n").append(part);
  return to_hex(sha256(text));
}

}  // namespace

ImageRecipe code_recipe(const std::string& tree_id) {
  ImageRecipe recipe;
  recipe.id = id_of("code", {tree_id});
  recipe.tree_id = tree_id;
  recipe.arguments = {kFolderProgram, "/var/task"};
  return recipe;
}

ImageRecipe layers_recipe(const std::vector<std::string>& tree_ids) {
  ImageRecipe recipe;
  recipe.id = id_of("layers", tree_ids);
  // A container always has code; the first layer is as good as any.
  recipe.tree_id = tree_ids.front();
  recipe.layer_tree_ids = tree_ids;
  recipe.arguments = {kFolderProgram, "/opt"};
  return recipe;
}

ImageRecipe runtime_root_recipe(const std::string& tree_id, std::string_view state) {
  ImageRecipe recipe;
  recipe.id = id_of("runtime root", {tree_id, std::string(state)});
  recipe.tree_id = tree_id;
  recipe.arguments = {kRuntimeRootProgram};
  return recipe;
}

ImageRecipe root_recipe(const std::vector<std::string>& interpreters, std::string_view state) {
  ImageRecipe recipe;
  std::vector<std::string> parts = interpreters;
  parts.emplace_back(state);
  recipe.id = id_of("root", parts);
  recipe.arguments = {kRootProgram};
  recipe.arguments.insert(recipe.arguments.end(), interpreters.begin(), interpreters.end());
  return recipe;
}

}  // namespace proa::images
