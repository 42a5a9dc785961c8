#include "api/function_input.h"

#include "api/arn_form.h"
#include "api/fields.h"
#include "api/layer_input.h"
#include "api/logging_config_input.h"
#include "api/runtimes.h"
#include "base/encoding.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

constexpr std::size_t kZipBytesMax = 52428800;
constexpr std::size_t kEnvironmentBytesMax = 4096;
constexpr std::size_t kLayersMax = 5;
constexpr std::size_t kHandlerMax = 128;
constexpr std::size_t kObjectKeyMax = 1024;
constexpr std::size_t kImageWordsMax = 1500;
constexpr std::size_t kWorkingDirectoryMax = 1000;
constexpr std::string_view kRolePattern =
    R"(arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)";

/// Variables that Lambda sets itself:
/// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
constexpr auto kReservedVariables = std::to_array<std::string_view>({
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// kRolePattern by hand.
bool is_role(std::string_view role) {
  if (!role.starts_with("arn:")) return false;
  role.remove_prefix(4);
  const std::size_t partition_end = role.find(':');
  if (partition_end == std::string_view::npos) return false;
  const std::string_view partition = role.substr(0, partition_end);
  const bool is_partition =
      partition.empty() ||
      (partition.starts_with("aws") && std::all_of(partition.begin(), partition.end(), [](char c) {
         return is_letter(c) || c == '-';
       }));
  role.remove_prefix(partition_end);
  if (!is_partition || !role.starts_with(":iam::")) return false;
  role.remove_prefix(6);
  if (role.size() < 12 || !std::all_of(role.begin(), role.begin() + 12, is_digit)) return false;
  role.remove_prefix(12);
  if (!role.starts_with(":role")) return false;
  role.remove_prefix(5);
  return !role.empty() && std::all_of(role.begin(), role.end(), [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("+=,.@-_/").find(c) != std::string_view::npos;
  });
}

/// [a-zA-Z]([a-zA-Z0-9_])+
bool is_variable_name(std::string_view name) {
  return name.size() >= 2 && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

/// "{a=1, b=2}", as Lambda prints maps.
std::string printed_map(const std::map<std::string, std::string>& map) {
  std::string text = "{";
  for (const auto& [key, value] : map) {
    text.append(text.size() > 1 ? ", " : "").append(key).append("=").append(value);
  }
  return text + "}";
}

bool is_reserved(std::string_view name) {
  return std::find(kReservedVariables.begin(), kReservedVariables.end(), name) !=
         kReservedVariables.end();
}

void check_variable_names(const std::map<std::string, std::string>& variables, Problems& problems) {
  const bool is_good = std::all_of(variables.begin(), variables.end(), [](const auto& variable) {
    return is_variable_name(variable.first) || is_reserved(variable.first);
  });
  if (is_good) return;
  problems.add("Value '" + printed_map(variables) +
               "' at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
               "constraint: [Member must satisfy regular expression pattern: "
               "[a-zA-Z]([a-zA-Z0-9_])+, Member must not be null]");
}

std::optional<std::map<std::string, std::string>> decode_environment(const Fields& fields) {
  const auto environment = fields.object("Environment");
  if (!environment) return std::nullopt;
  // {"Environment": {}} means no variables, as on Lambda.
  auto variables = environment->map("Variables").value_or(std::map<std::string, std::string>());
  check_variable_names(variables, fields.problems());
  return variables;
}

void check_layer_arns(const std::vector<std::string>& arns, Problems& problems) {
  if (std::all_of(arns.begin(), arns.end(), is_layer_version_arn)) return;
  problems.add(
      "Value '" + printed(arns) +
      "' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must "
      "have length less than or equal to 2048, Member must have length greater than or equal to 1, "
      "Member must satisfy regular expression pattern: "
      R"((arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:)"
      "[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must "
      "not be null]");
}

/// {"ImageConfig": {}} means what the image says, as on Lambda.
std::optional<model::ImageOverrides> decode_image_config(const Fields& fields) {
  const auto config = fields.object("ImageConfig");
  if (!config) return std::nullopt;
  Problems& problems = fields.problems();
  model::ImageOverrides overrides;
  overrides.entry_point = config->texts("EntryPoint");
  overrides.command = config->texts("Command");
  overrides.working_directory = config->text("WorkingDirectory");
  const auto check_size = [&](const auto& list, const char* member) {
    if (!list || list->size() <= kImageWordsMax) return;
    problems.violate(printed(*list), member,
                     "have length less than or equal to " + std::to_string(kImageWordsMax));
  };
  check_size(overrides.entry_point, "imageConfig.entryPoint");
  check_size(overrides.command, "imageConfig.command");
  if (overrides.working_directory) {
    check_length(*overrides.working_directory, kWorkingDirectoryMax, "imageConfig.workingDirectory",
                 problems);
  }
  return overrides;
}

void decode_numbers(const Fields& fields, catalog::ConfigChange& config) {
  if (const auto memory = fields.ranged("MemorySize", "memorySize", 128, 10240)) {
    config.memory_mib = static_cast<std::uint32_t>(*memory);
  }
  if (const auto timeout = fields.ranged("Timeout", "timeout", 1, 900)) {
    config.timeout = std::chrono::seconds(*timeout);
  }
  const auto storage = fields.object("EphemeralStorage");
  if (!storage) return;
  if (const auto size = storage->ranged("Size", "ephemeralStorage.size", 512, 10240)) {
    config.ephemeral_storage_mib = static_cast<std::uint32_t>(*size);
  } else if (!storage->integer("Size")) {
    fields.problems().missing("ephemeralStorage.size");
  }
}

Result<void> check_variables(const std::map<std::string, std::string>& variables) {
  std::string reserved;
  boost::json::object measured;
  for (const auto& [name, value] : variables) {
    if (is_reserved(name)) reserved.append(reserved.empty() ? "" : ", ").append(name);
    measured[name] = value;
  }
  constexpr const char* kSentence =
      "Lambda was unable to configure your environment variables because the environment variables "
      "you have provided ";
  if (!reserved.empty()) {
    return Error(
        Errc::invalid,
        kSentence + ("contains reserved keys that are currently not supported for modification. "
                     "Reserved keys used in this request: " +
                     reserved));
  }
  const std::string text = boost::json::serialize(measured);
  if (text.size() > kEnvironmentBytesMax) {
    return Error(Errc::invalid, kSentence + ("exceeded the 4KB limit. String measured: " + text));
  }
  return ok();
}

Error not_supported(std::string_view what) {
  return Error(Errc::unsupported, std::string(what) + " is not supported by Proa yet");
}

/// Refuses `key`.`member` unless it is absent or one of its defaults.
Result<void> only_default(const Fields& fields, std::string_view key, std::string_view member,
                          std::string_view default_value) {
  const auto structure = fields.object(key);
  if (!structure) return ok();
  const auto value = structure->text(member);
  if (!value || value->empty() || *value == default_value) return ok();
  return not_supported(std::string(key) + "." + std::string(member) + " " + *value);
}

/// [0-9A-Za-z._-]{3,63}, without a dot at the end.
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && !name.ends_with('.') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

/// The name that Lambda's texts have for a member: "code.s3Bucket", "s3Bucket".
std::string text_name(const std::string& prefix, std::string_view member) {
  std::string name = prefix + std::string(member);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool begins = i == 0 || name[i - 1] == '.';
    if (begins && name[i] >= 'A' && name[i] <= 'Z') name[i] = static_cast<char>(name[i] + 32);
  }
  return name;
}

Result<catalog::S3Object> decode_object(const Fields& code, const std::string& prefix) {
  catalog::S3Object object;
  object.bucket = code.text("S3Bucket").value_or("");
  object.key = code.text("S3Key").value_or("");
  Problems& problems = code.problems();
  if (object.bucket.empty() || object.key.empty()) {
    return Error(Errc::invalid, "Please provide both " + prefix + "S3Bucket and " + prefix +
                                    "S3Key as the source of the code.");
  }
  if (!is_bucket(object.bucket)) {
    problems.violate(object.bucket, text_name(prefix, "S3Bucket"),
                     R"(satisfy regular expression pattern: [0-9A-Za-z\.\-_]*(?<!\.))");
  }
  check_length(object.key, kObjectKeyMax, text_name(prefix, "S3Key"), problems);
  return object;
}

}  // namespace

catalog::ConfigChange decode_config(const Fields& fields) {
  Problems& problems = fields.problems();
  catalog::ConfigChange config;
  config.runtime = fields.text("Runtime");
  config.handler = fields.text("Handler");
  config.role = fields.text("Role");
  config.description = fields.text("Description");
  config.environment = decode_environment(fields);
  config.layer_arns = fields.texts("Layers");
  if (config.layer_arns) check_layer_arns(*config.layer_arns, problems);
  config.logging = decode_logging(fields);
  config.image_config = decode_image_config(fields);
  config.revision_id = fields.text("RevisionId");
  decode_numbers(fields, config);
  if (config.role && !is_role(*config.role)) {
    problems.violate(*config.role, "role",
                     "satisfy regular expression pattern: " + std::string(kRolePattern));
  }
  if (config.description)
    check_length(*config.description, kDescriptionMax, "description", problems);
  if (config.handler) {
    check_length(*config.handler, kHandlerMax, "handler", problems);
    if (config.handler->empty() ||
        config.handler->find_first_of(" \t\r\n\v\f") != std::string::npos) {
      problems.violate(*config.handler, "handler", R"(satisfy regular expression pattern: [^\s]+)");
    }
  }
  return config;
}

Result<void> check_config(const catalog::ConfigChange& config) {
  if (config.runtime) {
    TRY(check_runtime(*config.runtime));
  }
  if (config.environment) {
    TRY(check_variables(*config.environment));
  }
  if (config.layer_arns && config.layer_arns->size() > kLayersMax) {
    return Error(Errc::invalid, "Cannot reference more than 5 layers.");
  }
  return ok();
}

Result<void> refuse_unsupported_members(const Fields& fields) {
  for (const std::string_view key :
       {"VpcConfig", "DeadLetterConfig", "KMSKeyArn", "FileSystemConfigs", "CodeSigningConfigArn",
        "CapacityProviderConfig", "DurableConfig", "TenancyConfig", "PublishTo"}) {
    if (fields.says_something(key)) return not_supported(key);
  }
  TRY(only_default(fields, "TracingConfig", "Mode", "PassThrough"));
  return only_default(fields, "SnapStart", "ApplyOn", "None");
}

std::optional<std::string> decode_architecture(const Fields& fields) {
  const auto list = fields.texts("Architectures");
  if (!list) return std::nullopt;
  Problems& problems = fields.problems();
  if (list->empty()) {
    problems.violate("[]", "architectures", "have length greater than or equal to 1");
    return std::nullopt;
  }
  if (list->size() > 1) {
    problems.violate(printed(*list), "architectures", "have length less than or equal to 1");
    return std::nullopt;
  }
  if (list->front() != "x86_64" && list->front() != "arm64") {
    problems.violate(printed(*list), "architectures",
                     "satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                     "Member must not be null]");
  }
  return list->front();
}

Result<void> check_architecture(const std::optional<std::string>& asked, const std::string& ours) {
  if (!asked || *asked == ours) return ok();
  return not_supported("The architecture " + *asked + " on this machine (" + ours + ")");
}

Result<catalog::ArchiveSource> decode_source(const Fields& code, const std::string& prefix) {
  for (const std::string_view key : {"S3ObjectVersion", "SourceKMSKeyArn"}) {
    if (code.says_something(key)) return not_supported(prefix + std::string(key));
  }
  const auto encoded = code.view("ZipFile");
  catalog::ArchiveSource source;
  if (code.says_something("ImageUri")) {
    if (encoded || code.says_something("S3Bucket") || code.says_something("S3Key") ||
        code.says_something("ProaUpload")) {
      return Error(Errc::invalid, "Please do not provide other sources of the code beside " +
                                      prefix + "ImageUri.");
    }
    source.image_uri = code.text("ImageUri");
    return source;
  }
  if (code.says_something("ProaUpload")) {
    if (encoded || code.says_something("S3Bucket") || code.says_something("S3Key")) {
      return Error(Errc::invalid, "Please do not provide other sources of the code beside " +
                                      prefix + "ProaUpload.");
    }
    source.upload_id = code.text("ProaUpload").value_or("");
    return source;
  }
  if (code.says_something("S3Bucket") || code.says_something("S3Key")) {
    if (encoded) {
      return Error(Errc::invalid,
                   "Please do not provide other FunctionCode parameters when providing a ZipFile.");
    }
    TRY(source.object, decode_object(code, prefix));
    return source;
  }
  if (!encoded) return Error(Errc::invalid, "Please provide a source for function code.");
  if (encoded->empty()) return Error(Errc::invalid, "Uploaded file must be a non-empty zip");
  auto zip = from_base64(*encoded);
  if (!zip) return Error(Errc::invalid, "The value of " + prefix + "ZipFile is not valid base64");
  if (zip->size() > kZipBytesMax) {
    return Error(Errc::too_large,
                 "Zipped size must be smaller than " + std::to_string(kZipBytesMax) + " bytes");
  }
  source.zip = std::move(*zip);
  return source;
}

std::string printed(const std::vector<std::string>& list) {
  std::string text = "[";
  for (const std::string& item : list) text.append(text.size() > 1 ? ", " : "").append(item);
  return text + "]";
}

}  // namespace proa::api
