// A LogWriter that remembers what it was given, in order.
#pragma once

#include "logs/logs.h"

#include <string>
#include <utility>
#include <vector>

namespace proa::logs {

class FakeLogWriter final : public LogWriter {
 public:
  void output(const LogStreamPtr& stream, const RequestId& request,
              std::string_view line) override {
    note(stream, request, "output " + std::string(line));
  }
  void init_began(const LogStreamPtr& stream, std::string_view runtime_identity) override {
    note(stream, {}, "init_began " + std::string(runtime_identity));
  }
  void init_failed(const LogStreamPtr& stream, const FailedInit& init) override {
    note(stream, {}, "init_failed " + init.phase + " " + init.status);
  }
  void call_began(const LogStreamPtr& stream, const RequestId& request,
                  std::string_view trace_id) override {
    note(stream, request, "call_began " + std::string(trace_id));
  }
  void call_ended(const LogStreamPtr& stream, const RequestId& request,
                  const CallRecord& record) override {
    note(stream, request, "call_ended " + std::string(to_string(record.status)));
    records.push_back(record);
  }
  bool is_congested() const override { return congested; }
  void call_when_clear(std::function<void()> resume) override { waiting = std::move(resume); }

  std::vector<std::string> entries;
  std::vector<RequestId> requests;  ///< of each entry
  std::vector<LogStreamPtr> streams;
  std::vector<CallRecord> records;
  bool congested = false;
  std::function<void()> waiting;

 private:
  void note(const LogStreamPtr& stream, const RequestId& request, std::string what) {
    entries.push_back(std::move(what));
    requests.push_back(request);
    streams.push_back(stream);
  }
};

}  // namespace proa::logs
