// The configuration of asynchronous calls: how it is found, changed and removed, and which
// destinations it may name.
#include "catalog/catalog_impl.h"

#include <algorithm>
#include <array>
#include <utility>

namespace proa::catalog {
namespace {

/// Whom Lambda can send records to besides functions, and Proa cannot yet.
struct Service {
  std::string_view name;  ///< in an ARN
  std::string_view title;
};
constexpr auto kUnsupported = std::to_array<Service>({{"sqs", "Amazon SQS"},
                                                      {"sns", "Amazon SNS"},
                                                      {"events", "Amazon EventBridge"},
                                                      {"s3", "Amazon S3"},
                                                      {"kafka", "Kafka"}});

std::string_view service_of(std::string_view destination) {
  return destination.starts_with("kafka://") ? "kafka" : arn_part(destination, 2);
}

const Service* find_unsupported(std::string_view name) {
  const auto* const found = std::find_if(kUnsupported.begin(), kUnsupported.end(),
                                         [&](const Service& one) { return one.name == name; });
  return found == kUnsupported.end() ? nullptr : found;
}

/// "OnSuccess(destination=ARN)" or "null", as Lambda prints it.
std::string printed(std::string_view condition, const std::optional<std::string>& destination) {
  if (!destination) return "null";
  return std::string(condition) + "(destination=" + *destination + ")";
}

Error no_destination(const std::string& arn) {
  return Error(Errc::invalid, "The destination ARN " + arn + " is invalid.");
}

Error invalid_destinations(const EventConfigChange& change) {
  return Error(Errc::invalid, "The provided destination config DestinationConfig(onSuccess=" +
                                  printed("OnSuccess", change.on_success) + ", onFailure=" +
                                  printed("OnFailure", change.on_failure) + ") is invalid.");
}

Error not_supported(const std::string& destination, const std::string& why) {
  return Error(Errc::unsupported,
               "The destination " + destination + " (" + why + ") is not supported by Proa yet");
}

model::FunctionRef qualified(model::FunctionRef ref) {
  if (!ref.qualifier) ref.qualifier = "$LATEST";
  return ref;
}

Error no_event_config(const model::FunctionRef& ref) {
  return Error(Errc::not_found,
               "The function " + qualified(ref).arn() + " doesn't have an EventInvokeConfig");
}

}  // namespace

model::EventInvokeConfig EventConfigChange::applied_to(
    const model::EventInvokeConfig& before) const {
  model::EventInvokeConfig after = is_replacing ? model::EventInvokeConfig() : before;
  if (retries_max) after.retries_max = retries_max;
  if (age_max) after.age_max = age_max;
  if (on_success) after.on_success = *on_success;
  if (on_failure) after.on_failure = *on_failure;
  return after;
}

Result<model::EventInvokeConfig> find_event_config(const Catalog& catalog,
                                                   const model::FunctionRef& ref) {
  const auto configs = list_event_configs(catalog, ref);
  if (!configs) return no_event_config(ref);
  const auto found = configs.value().find(*qualified(ref).qualifier);
  if (found == configs.value().end()) return no_event_config(ref);
  return found->second;
}

Result<EventConfigs> list_event_configs(const Catalog& catalog, const model::FunctionRef& ref) {
  const auto record = catalog.find(ref);  // fails only when there is none
  if (!record) return Error(Errc::not_found, "The function doesn't exist.");
  return record.value()->event_configs;
}

Result<model::EventInvokeConfig> CatalogImpl::set_event_config(const model::FunctionRef& ref,
                                                               const EventConfigChange& change) {
  TRY(list_event_configs(*this, ref));
  model::EventInvokeConfig before;
  if (!change.is_replacing) {
    TRY(before, find_event_config(*this, ref));
  }
  TRY(check_destinations(change, ref));
  TRY(const auto record, find(ref));
  model::EventInvokeConfig config = change.applied_to(before);
  config.last_modified = clock_.wall_now();
  FunctionDocument document = to_document(*record);
  document.event_configs[*qualified(ref).qualifier] = config;
  TRY(publish(std::move(document)));
  return config;
}

Result<void> CatalogImpl::remove_event_config(const model::FunctionRef& ref) {
  TRY(find_event_config(*this, ref));
  TRY(const auto record, find(ref));
  FunctionDocument document = to_document(*record);
  document.event_configs.erase(*qualified(ref).qualifier);
  TRY(publish(std::move(document)));
  return ok();
}

Result<void> CatalogImpl::check_destinations(const EventConfigChange& change,
                                             const model::FunctionRef& ref) const {
  for (const auto* destination : {&change.on_success, &change.on_failure}) {
    if (!*destination || (*destination)->empty()) continue;
    const std::string& arn = **destination;
    const std::string_view name = service_of(arn);
    if (const Service* const service = find_unsupported(name)) {
      return not_supported(arn, std::string(service->title));
    }
    if (name != "lambda") return invalid_destinations(change);
    TRY(check_function(arn, ref));
  }
  return ok();
}

/// A Lambda ARN must be that of another function here.
Result<void> CatalogImpl::check_function(const std::string& arn,
                                         const model::FunctionRef& ref) const {
  const std::string region(arn_part(arn, 3));
  const std::string account(arn_part(arn, 4));
  if (!account.empty() && account != ref.account_id) {
    return not_supported(arn, "of another account, " + account);
  }
  if (!region.empty() && region != ref.region) {
    return not_supported(arn, "of another region, " + region);
  }
  const auto target = function_of_arn(arn, model::Scope{ref.account_id, ref.region});
  if (!target) return no_destination(arn);
  if (target->name == ref.name) {
    return Error(Errc::invalid, "You can't specify the function as a destination for itself.");
  }
  if (!find(*target)) return no_destination(arn);
  return ok();
}

}  // namespace proa::catalog
