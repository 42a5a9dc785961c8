#include "sandbox/start_body.h"

#include "frames/frames.h"

#include <span>

namespace proa::sandbox {
namespace {

// Inside ids of the function's user; the launcher's user namespaces map exactly these.
constexpr std::uint32_t kFunctionUid = 993;
constexpr std::uint32_t kFunctionGid = 990;

}  // namespace

Result<std::string> start_body(const RuntimeCommand& command) {
  const std::vector<std::string_view> arguments(command.arguments.begin(), command.arguments.end());
  const std::vector<std::string_view> variables(command.environment.begin(),
                                                command.environment.end());
  frames::StartSpec spec;
  spec.uid = kFunctionUid;
  spec.gid = kFunctionGid;
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

}  // namespace proa::sandbox
