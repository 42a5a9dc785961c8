// What a template describes as what `proa deploy` does. Private to cli/.
#pragma once

#include "cli/deployment.h"
#include "templates/templates.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace proa::cli {

/// A layer that is packed and compared: `version_arn` is there when nothing has to be published.
struct PackedLayer {
  templates::TemplateLayer layer;
  packaging::Package package;
  std::string version_arn;
};

/// A function that is packed and checked. What is there is looked at again when it is its turn.
struct PackedFunction {
  templates::TemplateFunction function;
  packaging::Package package;
};

/// Everything that a template describes, ready: nothing of it is deployed yet.
struct PackedTemplate {
  std::vector<PackedLayer> layers;
  std::vector<PackedFunction> functions;
};

/// Packs and checks all of it. `folder` is the template's. Errc: invalid (also two of one name),
/// too_large, and as ask().
Result<PackedTemplate> pack_template(const Surroundings& around, templates::Template read,
                                     const std::filesystem::path& folder, ProgressLine& progress);

/// The wish for a function, its placeholders replaced by the ARNs of layers that are known, by id.
FunctionWish wish_of(const templates::TemplateFunction& function,
                     const std::map<std::string, std::string>& layer_arns);

/// Publishes the layer and gives the version's ARN. Errc: as ask().
Result<std::string> publish(const Surroundings& around, const PackedLayer& packed_layer,
                            ProgressLine& progress);

/// Reserved concurrency and the configuration of events, where they differ from what is `there`
/// (GetFunction's answer or null). The changes in words. Errc: as ask().
Result<std::vector<std::string>> set_beside(const Surroundings& around,
                                            const templates::TemplateFunction& function,
                                            const boost::json::value* there);

}  // namespace proa::cli
