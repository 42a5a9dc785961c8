// The container backend: namespaces and control groups, made by the launcher.
#pragma once

#include "launcher/launcher.h"
#include "sandbox/sandbox.h"

namespace proa::sandbox {

/// Makes container sandboxes through one shard's launcher client, which must outlive it and them.
class ContainerFactory final : public SandboxFactory {
 public:
  ContainerFactory(boost::asio::any_io_executor executor, launcher::Client& launcher)
      : executor_(std::move(executor)), launcher_(launcher) {}
  /// Of a container, whatever the spec says of isolation.
  std::unique_ptr<Sandbox> make(SandboxSpec spec) override;

 private:
  boost::asio::any_io_executor executor_;
  launcher::Client& launcher_;
};

}  // namespace proa::sandbox
