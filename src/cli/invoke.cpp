// proa invoke
#include "base/encoding.h"
#include "cli/answer.h"
#include "cli/help.h"
#include "cli/invoke_answer.h"
#include "cli/lambda_api.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/words.h"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>

#include <memory>

namespace proa::cli {
namespace {

namespace json = boost::json;

/// A function may run for 900 s, may have to wait for a place and to be initialised.
constexpr std::chrono::seconds kInvokePatience{900 + 120};

/// The words of the verb; shared by the parser that fills it and the action that reads it.
struct InvokeWords {
  std::string name;
  std::string payload;
  std::string payload_file;
  std::string qualifier;
  std::string client_context;
  bool has_payload = false;
  bool is_async = false;
  bool is_dry_run = false;
  bool wants_tail = false;
  bool is_json = false;
};

/// From the argument, the file, or standard input where it is no keyboard; else none.
Result<std::string> payload_of(const Surroundings& around, const InvokeWords& words) {
  if (words.has_payload) return words.payload;
  if (words.payload_file == "-") return around.read_input();
  if (!words.payload_file.empty()) return read_file(words.payload_file);
  if (!around.is_input_terminal && !words.is_dry_run) return around.read_input();
  return std::string();
}

/// The header of --client-context: JSON, or @FILE with it.
Result<std::string> client_context_of(const InvokeWords& words) {
  if (!words.client_context.starts_with('@')) return to_base64(words.client_context);
  TRY(const auto context, read_file(words.client_context.substr(1)));
  return to_base64(context);
}

Result<Question> question_of(const Surroundings& around, const InvokeWords& words) {
  Question question;
  question.method = "POST";
  question.target = functions_path(words.name, "/invocations?");
  add_parameter(question.target, "Qualifier", words.qualifier);
  TRY(question.body, payload_of(around, words));
  question.headers.emplace_back("Content-Type", "application/json");
  if (words.is_async) question.headers.emplace_back("X-Amz-Invocation-Type", "Event");
  if (words.is_dry_run) question.headers.emplace_back("X-Amz-Invocation-Type", "DryRun");
  if (words.wants_tail) question.headers.emplace_back("X-Amz-Log-Type", "Tail");
  if (!words.client_context.empty()) {
    TRY(auto context, client_context_of(words));
    question.headers.emplace_back("X-Amz-Client-Context", std::move(context));
  }
  if (!words.is_async && !words.is_dry_run) question.patience = kInvokePatience;
  return question;
}

/// One run of the verb.
class Invoking {
 public:
  Invoking(const Surroundings& around, const InvokeWords& words, Chosen& chosen)
      : around_(around), words_(words), chosen_(chosen) {}

  Result<std::string> run() {
    TRY(auto question, question_of(around_, words_));
    const auto began = std::chrono::steady_clock::now();
    TRY(const auto response, send(around_, std::move(question)));
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
    if (response.status >= 300) return json_of(around_, response).error();
    if (words_.is_dry_run) return dry_run_text();
    const CallAnswer answer = call_answer(response, took);
    return words_.is_async ? accepted_text(answer) : answer_text(answer);
  }

 private:
  std::string dry_run_text() const {
    if (words_.is_json) return "{\n  \"dry_run\": true\n}\n";
    around_.note(words_.name + " is there and may be called.\n");
    return {};
  }

  std::string accepted_text(const CallAnswer& answer) const {
    if (words_.is_json) {
      json::object document;
      document["request_id"] = answer.request_id;
      return pretty(document);
    }
    around_.note("Accepted: it runs soon. Follow it: proa logs " + words_.name + " --request-id " +
                 answer.request_id + "\n");
    return answer.request_id + "\n";
  }

  std::string answer_text(const CallAnswer& answer) {
    if (!answer.error.empty()) chosen_.code = ExitCode::function_failed;
    if (words_.is_json) return json_document(answer);
    std::string said = answer.log_tail;
    if (!said.empty() && said.back() != '\n') said += "\n";
    if (!answer.error.empty()) said += account_of_error(around_.errors, answer.payload);
    around_.note(said + summary(around_.errors, answer));
    const bool wants_end = around_.output.is_terminal && !answer.payload.ends_with('\n');
    return answer.payload + (wants_end ? "\n" : "");
  }

  const Surroundings& around_;
  const InvokeWords& words_;
  Chosen& chosen_;
};

void add_options(CLI::App& verb, InvokeWords& words) {
  auto* payload = verb.add_option("payload", words.payload,
                                  "The event, as JSON; without it and --payload-file it is read "
                                  "from standard input, where that is no terminal");
  verb.add_option("--payload-file", words.payload_file, "File with the event; - is standard input")
      ->type_name(kFilePath)
      ->excludes(payload);
  verb.add_option("--qualifier", words.qualifier, "Version or alias; or write NAME:QUALIFIER");
  verb.add_option("--client-context", words.client_context,
                  "A JSON object that the function finds in its context; @FILE reads it");
  auto* tail = verb.add_flag("--tail", words.wants_tail,
                             "Also show the end of what it logged, 4 KB at most");
  auto* is_async = verb.add_flag("--async", words.is_async,
                                 "Only hand the event over; it is run, and retried, by and by")
                       ->excludes(tail);
  verb.add_flag("--dry-run", words.is_dry_run, "Only ask whether it could be called")
      ->excludes(is_async)
      ->excludes(tail);
}

}  // namespace

void add_invoke_verb(CLI::App& app, const Surroundings& surroundings, Chosen& chosen) {
  auto words = std::make_shared<InvokeWords>();
  CLI::App* verb = app.add_subcommand("invoke", "Call a function and print its answer");
  verb->group(kCalls);
  add_examples(*verb, {{"proa invoke resize '{\"width\": 100}'", ""},
                       {"proa invoke resize --tail < event.json", "and what it logged"},
                       {"proa invoke resize --async --payload-file event.json", ""},
                       {"proa invoke resize '{}' --json | jq .payload", ""}});
  add_function(*verb, words->name);
  add_options(*verb, *words);
  add_json(*verb, words->is_json);
  verb->callback([&, verb, words] {
    words->has_payload = verb->count("payload") > 0;
    chosen.action = [&, words] { return Invoking(surroundings, *words, chosen).run(); };
  });
}

}  // namespace proa::cli
