// The immutable description of one version of a function: what every later step of a call reads.
//
// Value types, no I/O. The catalog makes a FunctionVersion once per change and publishes it as
// FunctionPtr; dispatch, pool and environment hold that pointer, so a call runs to its end with the
// code and the settings it started with while an update makes new ones. Field names and value
// ranges are those of Lambda's FunctionConfiguration:
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
#pragma once

#include "base/units.h"
#include "model/image_code.h"
#include "model/logging_config.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proa::model {

/// How an environment is isolated (tag `proa:isolation`, or `--isolation`).
enum class Isolation { container, microvm };

/// What an environment may reach (tag `proa:network`): nothing, public addresses only, or also the
/// private ranges.
enum class NetworkPolicy { none, internet, lan };

/// Proa's own settings of a function, from its `proa:` tags and the daemon's defaults.
struct Settings {
  Isolation isolation = Isolation::container;
  NetworkPolicy network = NetworkPolicy::internet;
  /// Idle time after which an environment is frozen (`proa:idle freeze=`).
  std::chrono::milliseconds idle_freeze{50};
  /// Idle time after which it is removed (`proa:idle remove=`).
  std::chrono::milliseconds idle_remove{std::chrono::minutes(10)};
  /// Name of the guest kernel that its machines boot (`proa:kernel`); empty: the host's choice.
  std::string kernel;
  /// Name of the runtime image that it runs in (`proa:runtime`); empty: the host's programs.
  std::string runtime_image;

  bool operator==(const Settings&) const = default;
};

/// The runtime image of a version: a root of its own in place of the host's programs.
struct RuntimeRoot {
  std::string name;
  std::string tree_id;  ///< its files: name in the code store
  std::string program;  ///< the interpreter's path inside; empty: the package's own `bootstrap`
  std::string language_version;  ///< of the interpreter: "3.11.2"; "3.11" where no more is known

  bool operator==(const RuntimeRoot&) const = default;
};

/// A layer version a function refers to; merged into /opt in order, later ones win.
struct LayerRef {
  std::string arn;          ///< arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION
  std::string tree_id;      ///< name of the unpacked folder in the code store
  std::uint64_t code_size;  ///< bytes of the zip
};

/// One version of one function, complete and frozen.
struct FunctionVersion {
  std::string account_id;  ///< 12 digits
  std::string region;
  std::string name;
  std::string version = "$LATEST";
  std::string revision_id;  ///< a UUID, new with every change (optimistic locking)
  std::string runtime;      ///< "python3.12", "nodejs22.x", "provided.al2023"; empty: an image
  std::string handler;      ///< "module.function"; empty is allowed for provided.*
  std::string role;
  std::string description;
  std::uint32_t memory_mib = 128;                  ///< 128 to 10,240
  std::chrono::seconds timeout{3};                 ///< 1 to 900 s
  std::uint32_t ephemeral_storage_mib = 512;       ///< size of /tmp, 512 to 10,240
  std::string architecture = "x86_64";             ///< or "arm64"
  std::map<std::string, std::string> environment;  ///< the user's variables
  bool has_environment = false;                    ///< given at all, even if empty
  std::string code_sha256_base64;                  ///< as CodeSha256: of the zip; an image's is hex
  std::uint64_t code_size = 0;                     ///< bytes of the zip
  std::string tree_id;                             ///< unpacked code: name in the code store
  std::optional<ImageCode> image;                  ///< the tree is its whole root
  std::optional<RuntimeRoot> root;                 ///< what settings.runtime_image stands for
  std::vector<LayerRef> layers;
  LoggingConfig logging;
  Settings settings;
  WallTime last_modified;

  /// arn:aws:lambda:REGION:ACCOUNT:function:NAME without a qualifier.
  std::string unqualified_arn() const;
  /// Where its log goes: the group that was asked for, else /aws/lambda/NAME.
  std::string log_group() const;
  /// Identity of everything an environment is built from: two versions with the same key may share
  /// environments. Account, name, version and revision.
  std::string environment_key() const;
};

/// Shared by every call in flight and every environment of that version; a single owner is
/// impossible because either may end last.
using FunctionPtr = std::shared_ptr<const FunctionVersion>;

}  // namespace proa::model
