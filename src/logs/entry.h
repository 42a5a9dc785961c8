// Entries of a log as bytes: what a shard hands over, and what stands in a segment. Private to
// logs/.
//
//   entry        := u8 kind, u8 flags, environment (16 bytes), varint minutes of its creation since
//                   1970, text version, text function (with flag 8), request id (16 bytes), body
//   flags        := 1: LogFormat JSON; 2, 4, 6: system level DEBUG, INFO, WARN; 8: the group's name
//                   does not tell the function
//   body, by kind:
//   output       := the line                   call_began  := trace id
//   init_began   := runtime                    call_ended  := call record
//   init_failed  := varint us, text phase, text status, text error type
//   call record  := varint begin us since 1970, duration us, init us, memory MiB, peak bytes,
//                   status, start; text error type, error message, trace id, runtime
//   text         := varint size, bytes
#pragma once

#include "logs/logs.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proa::logs {

enum class EntryKind : std::uint8_t {
  output = 1,
  init_began = 2,
  init_failed = 3,
  call_began = 4,
  call_ended = 5,
};

/// An entry as it is read. Borrows from the record's payload.
struct Entry {
  EntryKind kind = EntryKind::output;
  bool is_json = false;
  model::LogLevel system_level = model::LogLevel::info;
  std::string_view environment;  ///< 16 bytes
  WallTime created;              ///< of the environment; whole minutes
  std::string_view version;
  std::string_view function;  ///< its name; empty: the group is /aws/lambda/NAME
  RequestId request{};
  std::string_view body;
};

/// What all entries of a stream begin with, but for the kind: LogStream::head.
std::string encode_head(const LogStream& stream);
/// Appends the payload of a record.
void encode_entry(std::string& out, EntryKind kind, const LogStream& stream,
                  const RequestId& request, std::string_view body);
/// Nothing when the bytes are no entry.
std::optional<Entry> decode_entry(std::string_view payload);
std::string stream_name(const Entry& entry);
/// The name of the function whose entry it is, in this group; empty where neither tells it.
std::string_view function_of(const Entry& entry, std::string_view group);

/// What it is to a reader: one event, more (END and REPORT), or none (where its level leaves it
/// out).
std::vector<std::string> messages_of(const Entry& entry, WallTime time);

void encode(std::string& out, const CallRecord& record);
std::optional<CallRecord> decode_call_record(std::string_view bytes);
void encode(std::string& out, const FailedInit& init);
/// What the usage records of a stream's calls begin with: LogStream::usage_head.
std::string encode_usage_head(const LogStream& stream);
/// Appends the usage record of a call; `record` is its call record, encoded.
void encode_usage(std::string& out, const LogStream& stream, const RequestId& request,
                  std::string_view record);
std::optional<UsageRecord> decode_usage(std::string_view bytes);

}  // namespace proa::logs
