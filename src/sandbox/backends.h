// Both backends of one shard as one factory.
#pragma once

#include "sandbox/container.h"
#include "sandbox/microvm.h"

namespace proa::sandbox {

/// Makes what the spec asks for. The factories outlive it.
class Backends final : public SandboxFactory {
 public:
  Backends(ContainerFactory& containers, MicrovmFactory& machines)
      : containers_(containers), machines_(machines) {}
  std::unique_ptr<Sandbox> make(SandboxSpec spec) override {
    if (spec.isolation == model::Isolation::microvm) return machines_.make(spec);
    return containers_.make(spec);
  }

 private:
  ContainerFactory& containers_;
  MicrovmFactory& machines_;
};

}  // namespace proa::sandbox
