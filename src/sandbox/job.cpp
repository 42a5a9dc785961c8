#include "sandbox/job.h"

#include "base/run_on.h"
#include "sandbox/deadline.h"
#include "sandbox/job_stream.h"

#include <sys/wait.h>

namespace proa::sandbox {
namespace {

/// What is made, and what it is put together from, lie there: the largest that there is.
constexpr std::uint32_t kJobTmpMib = 10'240;
constexpr auto kExitLimit = std::chrono::seconds(10);
/// The shell's status where a program is not there.
constexpr int kNotFoundStatus = 127;

std::string one_line(std::string text) {
  for (char& each : text) {
    if (static_cast<unsigned char>(each) < ' ' || each == '\x7f') each = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

Result<void> judge(const RuntimeExit& exit, const std::string& program, const std::string& words) {
  if (exit.exec_errno != 0) return os_error("start " + program, exit.exec_errno);
  const bool has_exited = WIFEXITED(exit.wait_status);
  if (has_exited && WEXITSTATUS(exit.wait_status) == 0) return ok();
  const bool is_missing = has_exited && WEXITSTATUS(exit.wait_status) == kNotFoundStatus;
  return Error(is_missing ? Errc::unsupported : Errc::unavailable,
               program + " failed" + (words.empty() ? "" : ": " + one_line(words)));
}

/// Awaits nothing, so any thread of the pool may run it.
Task<std::string> move(JobStream stream, Bytes most, SteadyTime deadline) {
  co_return move_bytes(std::move(stream), most, deadline);
}

Task<std::string> run_in(Sandbox& container, boost::asio::thread_pool& blocking, ContainerJob job) {
  const SteadyTime deadline = deadline_after(job.limit);
  CO_TRY(co_await container.start());
  CO_TRY(co_await container.assign(std::move(job.assignment)));
  const std::string program = job.arguments.front();
  RuntimeCommand command;
  command.arguments = std::move(job.arguments);
  command.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
  CO_TRY(auto process, co_await container.start_runtime(std::move(command)));
  JobStream stream{std::move(process.link.out),
                   std::move(process.link.in),
                   std::move(process.output),
                   job.input,
                   job.product,
                   job.stopped};
  CO_TRY(auto words,
         co_await run_on<std::string>(blocking.get_executor(),
                                      move(std::move(stream), job.product_most, deadline)));
  CO_TRY(const auto exit, co_await container.runtime_exit(deadline_after(kExitLimit)));
  CO_TRY(judge(exit, program, words));
  co_return words;
}

}  // namespace

Task<std::string> run_job(SandboxFactory& containers, boost::asio::thread_pool& blocking,
                          ContainerJob job) {
  const auto container = containers.make({model::Isolation::container, kJobTmpMib});
  auto words = co_await run_in(*container, blocking, std::move(job));
  (void)co_await container->close();
  co_return words;
}

}  // namespace proa::sandbox
