#include "schedule/records.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <limits>

namespace proa::schedule {
namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kLatestMs = 9'000'000'000'000;  ///< the year 2255

std::string where_of(std::string_view bucket, std::string_view key) {
  return "record " + std::string(bucket) + " '" + std::string(key) + "'";
}

/// Reads members; remembers whether one was not as it must be.
class Reader {
 public:
  explicit Reader(const json::object& record) : record_(record) {}

  bool is_whole() const { return is_whole_; }
  const json::value* find(std::string_view name) const {
    return record_.if_contains(json::string_view(name.data(), name.size()));
  }
  std::string text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_string()) return miss<std::string>();
    return std::string(value->get_string().data(), value->get_string().size());
  }
  bool flag(std::string_view name) {
    const json::value* value = find(name);
    return value != nullptr && value->is_bool() ? value->get_bool() : miss<bool>();
  }
  std::uint64_t count(std::string_view name) { return static_cast<std::uint64_t>(number(name)); }
  WallTime time(std::string_view name) { return time_of(find(name)); }
  std::optional<WallTime> time_if(std::string_view name) {
    if (find(name) == nullptr) return std::nullopt;
    return time(name);
  }
  std::vector<WallTime> times(std::string_view name) {
    std::vector<WallTime> list;
    const json::value* value = find(name);
    if (value == nullptr || !value->is_array() || value->get_array().size() > kMissedKept) {
      return miss<std::vector<WallTime>>();
    }
    for (const auto& item : value->get_array()) list.push_back(time_of(&item));
    return list;
  }
  /// A member object, read by `read`; nothing: there is none.
  template <class T, class Read>
  std::optional<T> object_if(std::string_view name, Read read) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) return miss<std::optional<T>>();
    Reader inner(value->get_object());
    T made = read(inner);
    is_whole_ = is_whole_ && inner.is_whole();
    return made;
  }

 private:
  template <class T>
  T miss() {
    is_whole_ = false;
    return T();
  }
  std::int64_t number(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0) {
      return miss<std::int64_t>();
    }
    return value->get_int64();
  }
  WallTime time_of(const json::value* value) {
    if (value == nullptr || !value->is_int64() || value->get_int64() < -1 ||
        value->get_int64() > kLatestMs) {
      return miss<WallTime>();
    }
    return WallTime(std::chrono::milliseconds(value->get_int64()));
  }

  const json::object& record_;
  bool is_whole_ = true;
};

Result<json::object> parse_record(const std::string& where, std::string_view bytes) {
  json::error_code failed;
  json::value value = json::parse(json::string_view(bytes.data(), bytes.size()), failed);
  if (failed || !value.is_object()) return Error(Errc::corrupt, where + " is not a JSON object");
  const json::value* format = value.get_object().if_contains("format");
  const std::int64_t number = format != nullptr && format->is_int64() ? format->get_int64() : 0;
  if (number == kFormat) return std::move(value.get_object());
  return Error(number > kFormat ? Errc::unsupported : Errc::corrupt,
               where + " has the format " + std::to_string(number));
}

Result<Definition> read_definition(Reader& reader, const Name& name, const std::string& where) {
  const model::Scope scope{name.account_id, name.region};
  auto function = model::parse_function_arn(reader.text("function"), scope);
  if (!function) return Error(Errc::corrupt, where + ": " + function.error().message());
  auto expression = calendar::Expression::parse(reader.text("expression"));
  if (!expression) return Error(Errc::corrupt, where + ": " + expression.error().message());
  const std::string zone_name = reader.text("timezone");
  auto zone = calendar::Zone::find(zone_name);
  const auto missed = parse_missed_policy(reader.text("missed"));
  if (!missed) return Error(Errc::corrupt, where + " says an unknown policy for missed runs");
  Definition definition{std::move(function.value()), std::move(expression.value()),
                        zone ? std::move(zone.value()) : calendar::Zone::unknown(zone_name)};
  definition.input = reader.text("input");
  definition.description = reader.text("description");
  definition.is_enabled = reader.flag("is_enabled");
  definition.missed = *missed;
  definition.start = reader.time_if("start_ms");
  definition.end = reader.time_if("end_ms");
  return definition;
}

}  // namespace

std::string_view to_string(MissedPolicy policy) {
  return policy == MissedPolicy::skip ? "skip" : "run-once";
}

std::optional<MissedPolicy> parse_missed_policy(std::string_view text) {
  if (text == "skip") return MissedPolicy::skip;
  if (text == "run-once") return MissedPolicy::run_once;
  return std::nullopt;
}

std::string record_key(const Name& name) {
  return name.account_id + "/" + name.region + "/" + name.name;
}

std::string encode(const Schedule& schedule) {
  const Definition& said = schedule.definition;
  json::object record;
  record["format"] = kFormat;
  record["account_id"] = schedule.name.account_id;
  record["region"] = schedule.name.region;
  record["name"] = schedule.name.name;
  record["function"] = said.function.arn();
  record["expression"] = said.expression.text();
  record["timezone"] = said.zone.name();
  record["input"] = said.input;
  record["description"] = said.description;
  record["is_enabled"] = said.is_enabled;
  record["missed"] = to_string(said.missed);
  if (said.start) record["start_ms"] = epoch_ms(*said.start);
  if (said.end) record["end_ms"] = epoch_ms(*said.end);
  record["created_ms"] = epoch_ms(schedule.created);
  record["updated_ms"] = epoch_ms(schedule.updated);
  record["revision"] = static_cast<std::int64_t>(schedule.revision);
  return json::serialize(record);
}

std::string encode(const Progress& progress) {
  json::object record;
  record["format"] = kFormat;
  record["begin_ms"] = epoch_ms(progress.begin);
  record["through_ms"] = epoch_ms(progress.through);
  if (progress.intended) record["intended_ms"] = epoch_ms(*progress.intended);
  if (progress.last_run) {
    json::object run;
    run["due_ms"] = epoch_ms(progress.last_run->due);
    run["queued_ms"] = epoch_ms(progress.last_run->queued);
    run["request_id"] = progress.last_run->request_id;
    record["last_run"] = std::move(run);
  }
  if (progress.failure) {
    json::object failure;
    failure["due_ms"] = epoch_ms(progress.failure->due);
    failure["at_ms"] = epoch_ms(progress.failure->at);
    failure["reason"] = progress.failure->reason;
    record["failure"] = std::move(failure);
  }
  record["runs"] = static_cast<std::int64_t>(progress.runs);
  record["failed"] = static_cast<std::int64_t>(progress.failed);
  record["missed"] = static_cast<std::int64_t>(progress.missed);
  json::array times;
  for (const WallTime time : progress.missed_times) times.emplace_back(epoch_ms(time));
  record["missed_ms"] = std::move(times);
  return json::serialize(record);
}

Result<Schedule> decode_schedule(std::string_view key, std::string_view bytes) {
  const std::string where = where_of(kBucket, key);
  TRY(const json::object record, parse_record(where, bytes));
  Reader reader(record);
  Name name{reader.text("account_id"), reader.text("region"), reader.text("name")};
  TRY(auto definition, read_definition(reader, name, where));
  Schedule schedule{std::move(name),           std::move(definition),    reader.time("created_ms"),
                    reader.time("updated_ms"), reader.count("revision"), {}};
  if (!reader.is_whole() || record_key(schedule.name) != key) {
    return Error(Errc::corrupt, where + " is not whole");
  }
  return schedule;
}

Result<Progress> decode_progress(std::string_view key, std::string_view bytes) {
  const std::string where = where_of(kProgressBucket, key);
  TRY(const json::object record, parse_record(where, bytes));
  Reader reader(record);
  Progress progress{reader.time("begin_ms"), reader.time("through_ms")};
  progress.intended = reader.time_if("intended_ms");
  progress.last_run = reader.object_if<Run>("last_run", [](Reader& run) {
    return Run{run.time("due_ms"), run.time("queued_ms"), run.text("request_id")};
  });
  progress.failure = reader.object_if<Failure>("failure", [](Reader& failure) {
    return Failure{failure.time("due_ms"), failure.time("at_ms"), failure.text("reason")};
  });
  progress.runs = reader.count("runs");
  progress.failed = reader.count("failed");
  progress.missed = reader.count("missed");
  progress.missed_times = reader.times("missed_ms");
  if (!reader.is_whole()) return Error(Errc::corrupt, where + " is not whole");
  return progress;
}

}  // namespace proa::schedule
