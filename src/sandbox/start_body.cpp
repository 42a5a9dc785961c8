#include "sandbox/start_body.h"

#include "frames/frames.h"
#include "frames/guest_devices.h"

#include <span>

namespace proa::sandbox {
Result<std::string> start_body(const RuntimeCommand& command) {
  const std::vector<std::string_view> arguments(command.arguments.begin(), command.arguments.end());
  const std::vector<std::string_view> variables(command.environment.begin(),
                                                command.environment.end());
  frames::StartSpec spec;
  spec.uid = frames::kGuestUid;
  spec.gid = frames::kGuestGid;
  spec.descriptors = kRuntimeDescriptors;
  spec.directory = command.directory;
  spec.arguments = arguments;
  spec.variables = variables;
  std::string body(frames::start_body_size(spec), '\0');
  if (frames::encode_start(spec, std::as_writable_bytes(std::span(body))) != frames::Status::ok) {
    return Error(Errc::too_large, "command line and environment of the runtime exceed 256 KiB");
  }
  return body;
}

std::optional<RuntimeExit> exit_of(std::string_view body) {
  frames::ExitedView view;
  if (frames::decode_exited(std::as_bytes(std::span(body)), view) != frames::Status::ok) {
    return std::nullopt;
  }
  RuntimeExit exit;
  exit.wait_status = static_cast<int>(view.wait_status);
  exit.exec_errno = static_cast<int>(view.start_errno);
  return exit;
}

}  // namespace proa::sandbox
