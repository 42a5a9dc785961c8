// Provision and assign: from nothing to an interpreter that waits, and from there to a function.
#include "environment/environment.h"
#include "environment/function_variables.h"

namespace proa::environment {
namespace {

// Generous: an interpreter starts in 0.1 s, but fifty at once on two cores take their time.
constexpr auto kParkLimit = std::chrono::seconds(30);
// In a translated machine it takes ten times as long.
constexpr auto kMachineParkLimit = std::chrono::seconds(60);
// Lambda's limit on a function's whole initialisation, which includes its own start.
constexpr auto kOwnStartLimit = std::chrono::seconds(10);

/// Without a function it is started ahead of one.
std::chrono::seconds start_limit(const RuntimeProgram& program,
                                 const model::FunctionPtr& function) {
  if (!function) return kParkLimit;
  if (needs_own_start(program, *function)) return kOwnStartLimit;
  const bool is_machine = function->settings.isolation == model::Isolation::microvm;
  return is_machine ? kMachineParkLimit : kParkLimit;
}

}  // namespace

Task<void> Environment::provision() {
  CO_TRY(co_await sandbox_->start());
  if (expected_ && program_) {
    sandbox::Assignment assignment;
    assignment.limits.memory = Bytes::mib(expected_->memory_mib);
    assignment.limits.memory_mib = expected_->memory_mib;
    assignment.kernel = expected_->kernel;
    assignment.account_id = expected_->account_id;
    add_program(assignment);
    CO_TRY(co_await sandbox_->expect(std::move(assignment)));
  }
  if (program_) {
    CO_TRY(co_await start_runtime(0));
    // In a copy of a machine it runs, and has not run yet: first times are long there.
    if (expected_) {
      CO_TRY(co_await session_->rehearse(parts_.clock.steady_now() + kMachineParkLimit));
    }
  }
  change(State::warm);
  co_return ok();
}

void Environment::abandon() {
  is_given_up_ = true;
  sandbox_->abandon();
}

// A function that needs its own start gets a process with its variables; any other one that waits
// to be told its function.
Task<void> Environment::start_runtime(std::size_t bootstrap_index) {
  const bool is_own = function_ && needs_own_start(*program_, *function_);
  auto command =
      is_own ? own_command(*program_, *function_, variables(), bootstrap_index) : program_->command;
  entrypoint_ = command.arguments.front();
  if (program_->protocol == Protocol::http) {
    // Before the process: it may ask for its first event at once.
    CO_TRY(auto listener,
           sandbox_->open_service(frames::Service::runtime_api, [this](os::UniqueFd connection) {
             if (session_) session_->serve(std::move(connection));
           }));
    CO_TRY(auto session, runtime_api::HttpSession::create(parts_.executor, std::move(listener)));
    session_ = std::move(session);
  }
  CO_TRY(auto process, co_await sandbox_->start_runtime(std::move(command)));
  auto opened = co_await open_session(std::move(process));
  // What the function's own variables and wrapper do to its start is for init() to tell.
  if (is_own && session_) co_return ok();
  co_return opened;
}

Task<void> Environment::open_session(sandbox::RuntimeProcess process) {
  output_.attach(std::move(process.output));
  if (program_->protocol == Protocol::frames) {
    CO_TRY(auto session,
           runtime_api::FrameSession::create(parts_.executor, std::move(process.link)));
    session_ = std::move(session);
  }
  tasks_.spawn(watch_runtime(session_.get()));
  const auto limit = start_limit(*program_, function_);
  auto identity = co_await session_->parked(parts_.clock.steady_now() + limit);
  if (!identity) {
    output_.drain();
    std::string text = identity.error().message();
    const std::string printed = output_.take_tail();
    if (!printed.empty()) text += "; it printed: " + printed;
    if (!function_ && !is_given_up_) log_.error("interpreter_did_not_start", {{"reason", text}});
    co_return Error(Errc::unavailable, entrypoint_ + " did not start: " + text);
  }
  runtime_identity_ = identity.value().empty() ? program_->family : std::move(identity.value());
  co_return ok();
}

// An end of the process is told to the session that belongs to it, and to no later one.
boost::asio::awaitable<void> Environment::watch_runtime(runtime_api::RuntimeSession* session) {
  (void)co_await sandbox_->runtime_exit(SteadyTime::max());
  if (session_.get() == session) session_->process_ended();
}

Task<void> Environment::assign(model::FunctionPtr function, RuntimeProgram program) {
  function_ = std::move(function);
  if (!program_) program_ = std::move(program);
  log_ = log_.with({{"function", function_->unqualified_arn()}, {"version", function_->version}});
  log_stream_ = logs::make_stream(function_, id_, parts_.clock.wall_now());
  output_.set_stream(log_stream_);
  sandbox::Assignment assignment;
  assignment.limits.memory = Bytes::mib(function_->memory_mib);
  assignment.limits.memory_mib = function_->memory_mib;
  assignment.limits.network = function_->settings.network;
  assignment.tree_id = function_->tree_id;
  assignment.is_image = function_->image.has_value();
  if (function_->root) assignment.root_tree_id = function_->root->tree_id;
  assignment.kernel = function_->settings.kernel;
  // As on Lambda, whose functions are initialised with a whole processor: see initialise().
  assignment.share = sandbox::ProcessorShare::of_start;
  for (const model::LayerRef& layer : function_->layers) {
    assignment.layer_tree_ids.push_back(layer.tree_id);
  }
  assignment.account_id = function_->account_id;
  add_program(assignment);
  CO_TRY(co_await sandbox_->assign(std::move(assignment)));
  CO_TRY(open_endpoint());
  // In a machine that boots when its function is known nothing was started before.
  const bool is_machine = function_->settings.isolation == model::Isolation::microvm;
  if (is_machine && !session_ && !needs_own_start(*program_, *function_)) {
    CO_TRY(co_await start_runtime(0));
  }
  change(State::assigned);
  co_return ok();
}

void Environment::add_program(sandbox::Assignment& assignment) const {
  const auto& command = program_->command.arguments;
  if (!command.empty()) assignment.interpreter = command.front();
  if (function_ && needs_own_start(*program_, *function_)) return;
  assignment.parked = program_->command;
  // What copies of a process have in common is read, compiled and kept in memory once.
  assignment.ahead_variables = {"PROA_PRELOAD=1"};
}

// The Lambda API inside, with credentials that are made here and forgotten with the environment, or
// with those of the function's role: then what it signs with them for AWS is good here, too, since
// the socket tells whose it is.
Result<void> Environment::open_endpoint() {
  if (parts_.function_api == nullptr) return ok();
  model::FunctionCaller caller;
  caller.function = function_;
  caller.access_key_id = parts_.random.access_key_id();
  caller.secret_access_key = parts_.random.hex(20);
  caller.session_token = parts_.random.hex(48);
  if (parts_.apply_role) parts_.apply_role(caller);
  TRY(auto listener,
      sandbox_->open_service(frames::Service::lambda_api, [this](os::UniqueFd connection) {
        if (endpoint_) endpoint_->serve(std::move(connection));
      }));
  TRY(endpoint_, runtime_api::FunctionEndpoint::create(parts_.executor, std::move(listener),
                                                       std::move(caller), *parts_.function_api));
  return ok();
}

std::map<std::string, std::string> Environment::variables() const {
  const bool has_runtime_api = program_->protocol == Protocol::http;
  return function_variables(*function_, log_stream_->name(), program_->variables, has_runtime_api,
                            endpoint_ ? &endpoint_->caller() : nullptr);
}

}  // namespace proa::environment
