// CreateFunction: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
#include "api/errors.h"
#include "api/fields.h"
#include "api/function_input.h"
#include "api/function_output.h"
#include "api/off_shard.h"
#include "api/operations.h"
#include "api/runtimes.h"
#include "model/settings.h"

#include <boost/json/serialize.hpp>

namespace proa::api {
namespace {

constexpr std::size_t kFunctionNameMax = 64;
constexpr std::size_t kArnMax = 140;

/// Everything a request says, before it is known to be good.
struct Input {
  std::string name;
  catalog::ConfigChange config;
  std::optional<std::string> architecture;
  catalog::Tags tags;
  bool is_image = false;
};

Input decode_new_function(const Fields& fields) {
  Problems& problems = fields.problems();
  Input input;
  const auto name = fields.text("FunctionName");
  input.name = name.value_or("");
  input.config = decode_config(fields);
  input.architecture = decode_architecture(fields);
  input.tags = fields.map("Tags").value_or(catalog::Tags());
  const std::string package = fields.text("PackageType").value_or("Zip");
  input.is_image = package == "Image";
  if (!name) problems.missing("functionName");
  if (!input.config.role) problems.missing("role");
  if (!fields.object("Code")) problems.missing("code");
  if (package != "Zip" && package != "Image") {
    problems.violate(package, "packageType", "satisfy enum value set: [Image, Zip]");
  }
  return input;
}

/// A name alone is refused as a parameter and not as a constraint: so does Lambda.
std::optional<http::Response> refuse_name(const std::string& name) {
  const bool is_plain = name.find(':') == std::string::npos;
  const std::size_t most = is_plain ? kFunctionNameMax : kArnMax;
  Problems problems;
  if (name.size() > most) {
    problems.violate(name, "functionName",
                     "have length less than or equal to " + std::to_string(most));
  }
  if (problems.empty()) return std::nullopt;
  if (!is_plain) return refusal(problems);
  return fault_response(Fault::invalid_parameter, problems.text());
}

Result<model::FunctionRef> decode_ref(const std::string& name, const model::Scope& scope) {
  TRY(auto ref, model::parse_function_ref(name, std::nullopt, scope));
  if (ref.qualifier) {
    return Error(Errc::invalid, "A new function has no versions: the function name '" + name +
                                    "' must not have a qualifier");
  }
  return ref;
}

Result<void> check_common(const Input& input, const ApiOptions& options) {
  TRY(check_architecture(input.architecture, options.architecture));
  TRY(model::check_tags(input.tags));
  TRY(model::parse_settings(input.tags, model::Settings()));
  return ok();
}

/// What an image says itself is refused.
Result<void> check_image(const Input& input, const ApiOptions& options) {
  const catalog::ConfigChange& config = input.config;
  if (config.runtime || config.handler || (config.layer_arns && !config.layer_arns->empty())) {
    return Error(Errc::invalid,
                 "Please don't provide Handler or Runtime or Layer when the intended function "
                 "PackageType is Image.");
  }
  TRY(check_config(config));
  return check_common(input, options);
}

/// The code of one package type is none of the other.
Result<void> check_source(const catalog::ArchiveSource& source, bool is_image) {
  if (source.image_uri.has_value() == is_image) return ok();
  return Error(Errc::invalid,
               is_image ? "Please provide ImageUri when creating a function with packageType Image."
                        : "Please provide a source for function code.");
}

Result<void> check(const Input& input, const ApiOptions& options) {
  if (input.is_image) return check_image(input, options);
  if (input.config.image_config) {
    return Error(Errc::invalid,
                 "Please don't provide ImageConfig when the intended function PackageType is Zip.");
  }
  if (!input.config.runtime) {
    return Error(Errc::invalid,
                 "Runtime is mandatory for functions created with deployment packages.");
  }
  TRY(check_config(input.config));
  if (!input.config.handler && !is_custom_runtime(*input.config.runtime)) {
    return Error(Errc::invalid,
                 "Handler is mandatory for functions created with deployment packages.");
  }
  return check_common(input, options);
}

model::FunctionVersion make_version(Input& input, const model::FunctionRef& ref,
                                    const ApiOptions& options) {
  catalog::ConfigChange& config = input.config;
  model::FunctionVersion version;
  version.account_id = ref.account_id;
  version.region = ref.region;
  version.name = ref.name;
  version.runtime = config.runtime.value_or("");
  if (input.is_image) version.image.emplace().overrides = std::move(config.image_config);
  version.handler = config.handler.value_or("");
  version.role = std::move(*config.role);
  version.description = config.description.value_or("");
  version.memory_mib = config.memory_mib.value_or(version.memory_mib);
  version.timeout = config.timeout.value_or(version.timeout);
  version.ephemeral_storage_mib =
      config.ephemeral_storage_mib.value_or(version.ephemeral_storage_mib);
  version.architecture = input.architecture.value_or(options.architecture);
  version.has_environment = config.environment.has_value();
  if (config.environment) version.environment = std::move(*config.environment);
  return version;
}

/// A request as far as it can be told without asking anybody.
struct Decoded {
  catalog::NewFunction request;
  std::optional<http::Response> refused;
};

Result<Decoded> decode_request(const std::string& text, const model::Scope& scope,
                               const ApiOptions& options) {
  Decoded decoded;
  Problems problems;
  const boost::json::object body = parse_object(text, problems);
  const Fields fields(body, problems);
  Input input = decode_new_function(fields);
  if ((decoded.refused = refusal(problems))) return decoded;
  if ((decoded.refused = refuse_name(input.name))) return decoded;
  TRY(const auto ref, decode_ref(input.name, scope));
  TRY(check(input, options));
  TRY(auto logging, input.config.logging.applied_to(model::LoggingConfig()));
  TRY(refuse_unsupported_members(fields));
  auto source = decode_source(*fields.object("Code"), "Code.");
  if ((decoded.refused = refusal(problems))) return decoded;
  catalog::NewFunction& request = decoded.request;
  TRY(static_cast<catalog::ArchiveSource&>(request), std::move(source));
  TRY(check_source(request, input.is_image));
  request.config = make_version(input, ref, options);
  request.config.logging = std::move(logging);
  request.layer_arns = input.config.layer_arns.value_or(std::vector<std::string>());
  request.tags = std::move(input.tags);
  request.is_published = fields.boolean("Publish").value_or(false);
  if ((decoded.refused = refusal(problems))) return decoded;
  return decoded;
}

}  // namespace

Task<http::Response> create_function(Context& context, Call& call) {
  // A function object of its own: it goes, with the large body, before the catalog works.
  std::function<Result<Decoded>()> work =
      [body = std::make_shared<const std::string>(std::move(call.request.body)), scope = call.scope,
       &options = context.options] { return decode_request(*body, scope, options); };
  const std::size_t size = call.body_bytes;
  CO_TRY(auto decoded,
         co_await off_shard_if_large<Decoded>(context.blocking, size, std::move(work)));
  if (decoded.refused) co_return std::move(*decoded.refused);
  const bool is_published = decoded.request.is_published;
  CO_TRY(const auto record, co_await context.catalog.create_function(std::move(decoded.request)));
  const model::FunctionPtr function = is_published ? record->newest_version() : record->latest;
  const auto answer = function_configuration(*function, Progress::creating);
  co_return json_response(201, boost::json::serialize(answer));
}

}  // namespace proa::api
