#include "api/log_operations.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>

namespace proa::api {
namespace {

namespace json = boost::json;

constexpr std::string_view kTargetPrefix = "Logs_20140328.";

constexpr Operation served(std::string_view name, OperationTask run) {
  Operation operation;
  operation.name = name;
  operation.method = "POST";
  operation.pattern = "/";
  operation.service = "logs";
  operation.run = run;
  return operation;
}

/// Recognised, so that a caller reads which operation it is that Proa has not got.
constexpr Operation refused(std::string_view name) { return served(name, nullptr); }

constexpr auto kLogOperations = std::to_array<Operation>({
    served("FilterLogEvents", filter_log_events),
    served("GetLogEvents", get_log_events),
    served("DescribeLogStreams", describe_log_streams),
    served("DescribeLogGroups", describe_log_groups),
    refused("AssociateKmsKey"),
    refused("AssociateSourceToS3TableIntegration"),
    refused("CancelExportTask"),
    refused("CancelImportTask"),
    refused("CreateDelivery"),
    refused("CreateExportTask"),
    refused("CreateImportTask"),
    refused("CreateLogAnomalyDetector"),
    refused("CreateLogGroup"),
    refused("CreateLogStream"),
    refused("CreateLookupTable"),
    refused("CreateScheduledQuery"),
    refused("DeleteAccountPolicy"),
    refused("DeleteDataProtectionPolicy"),
    refused("DeleteDelivery"),
    refused("DeleteDeliveryDestination"),
    refused("DeleteDeliveryDestinationPolicy"),
    refused("DeleteDeliverySource"),
    refused("DeleteDestination"),
    refused("DeleteIndexPolicy"),
    refused("DeleteIntegration"),
    refused("DeleteLogAnomalyDetector"),
    refused("DeleteLogGroup"),
    refused("DeleteLogStream"),
    refused("DeleteLookupTable"),
    refused("DeleteMetricFilter"),
    refused("DeleteQueryDefinition"),
    refused("DeleteResourcePolicy"),
    refused("DeleteRetentionPolicy"),
    refused("DeleteScheduledQuery"),
    refused("DeleteSubscriptionFilter"),
    refused("DeleteTransformer"),
    refused("DescribeAccountPolicies"),
    refused("DescribeConfigurationTemplates"),
    refused("DescribeDeliveries"),
    refused("DescribeDeliveryDestinations"),
    refused("DescribeDeliverySources"),
    refused("DescribeDestinations"),
    refused("DescribeExportTasks"),
    refused("DescribeFieldIndexes"),
    refused("DescribeImportTaskBatches"),
    refused("DescribeImportTasks"),
    refused("DescribeIndexPolicies"),
    refused("DescribeLookupTables"),
    refused("DescribeMetricFilters"),
    refused("DescribeQueries"),
    refused("DescribeQueryDefinitions"),
    refused("DescribeResourcePolicies"),
    refused("DescribeSubscriptionFilters"),
    refused("DisassociateKmsKey"),
    refused("DisassociateSourceFromS3TableIntegration"),
    refused("GetDataProtectionPolicy"),
    refused("GetDelivery"),
    refused("GetDeliveryDestination"),
    refused("GetDeliveryDestinationPolicy"),
    refused("GetDeliverySource"),
    refused("GetIntegration"),
    refused("GetLogAnomalyDetector"),
    refused("GetLogFields"),
    refused("GetLogGroupFields"),
    refused("GetLogObject"),
    refused("GetLogRecord"),
    refused("GetLookupTable"),
    refused("GetQueryResults"),
    refused("GetScheduledQuery"),
    refused("GetScheduledQueryHistory"),
    refused("GetTransformer"),
    refused("ListAggregateLogGroupSummaries"),
    refused("ListAnomalies"),
    refused("ListIntegrations"),
    refused("ListLogAnomalyDetectors"),
    refused("ListLogGroups"),
    refused("ListLogGroupsForQuery"),
    refused("ListScheduledQueries"),
    refused("ListSourcesForS3TableIntegration"),
    refused("ListTagsForResource"),
    refused("ListTagsLogGroup"),
    refused("PutAccountPolicy"),
    refused("PutBearerTokenAuthentication"),
    refused("PutDataProtectionPolicy"),
    refused("PutDeliveryDestination"),
    refused("PutDeliveryDestinationPolicy"),
    refused("PutDeliverySource"),
    refused("PutDestination"),
    refused("PutDestinationPolicy"),
    refused("PutIndexPolicy"),
    refused("PutIntegration"),
    refused("PutLogEvents"),
    refused("PutLogGroupDeletionProtection"),
    refused("PutMetricFilter"),
    refused("PutQueryDefinition"),
    refused("PutResourcePolicy"),
    refused("PutRetentionPolicy"),
    refused("PutSubscriptionFilter"),
    refused("PutTransformer"),
    refused("StartLiveTail"),
    refused("StartQuery"),
    refused("StopQuery"),
    refused("TagLogGroup"),
    refused("TagResource"),
    refused("TestMetricFilter"),
    refused("TestTransformer"),
    refused("UntagLogGroup"),
    refused("UntagResource"),
    refused("UpdateAnomaly"),
    refused("UpdateDeliveryConfiguration"),
    refused("UpdateLogAnomalyDetector"),
    refused("UpdateLookupTable"),
    refused("UpdateScheduledQuery"),
});

std::string_view target_of(const http::Request& request) {
  return request.headers.find("X-Amz-Target").value_or(std::string_view());
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string().data(), value->get_string().size());
}

}  // namespace

std::span<const Operation> log_operations() { return kLogOperations; }

bool is_log_request(const http::Request& request) {
  return request.segments.empty() && request.method == "POST" &&
         target_of(request).starts_with(kTargetPrefix);
}

std::optional<std::size_t> find_log_operation(const http::Request& request) {
  if (!is_log_request(request)) return std::nullopt;
  const std::string_view name = target_of(request).substr(kTargetPrefix.size());
  const auto* const found =
      std::find_if(kLogOperations.begin(), kLogOperations.end(),
                   [&](const Operation& operation) { return operation.name == name; });
  if (found == kLogOperations.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kLogOperations.begin());
}

std::string log_resource(std::string_view body, const model::Scope& scope) {
  json::error_code failed;
  const json::value value = json::parse({body.data(), body.size()}, failed);
  const json::object* const object = failed ? nullptr : value.if_object();
  if (object == nullptr) return "*";
  std::string identifier = text_at(*object, "logGroupIdentifier");
  if (identifier.starts_with("arn:")) return identifier;
  const std::string named = text_at(*object, "logGroupName");
  const std::string& group = named.empty() ? identifier : named;
  if (group.empty()) return "*";
  return "arn:aws:logs:" + scope.region + ":" + scope.account_id + ":log-group:" + group;
}

}  // namespace proa::api
