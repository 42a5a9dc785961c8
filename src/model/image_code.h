// A function's code as a container image (PackageType Image), and what it is started with.
//
// Values, no I/O. https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace proa::model {

/// ImageConfig: what a function says instead of its image. What is not set stays the image's.
struct ImageOverrides {
  std::optional<std::vector<std::string>> entry_point;
  std::optional<std::vector<std::string>> command;
  std::optional<std::string> working_directory;

  bool operator==(const ImageOverrides&) const = default;
};

/// What an image says of how it is started.
struct ImageDefaults {
  std::vector<std::string> entry_point;
  std::vector<std::string> command;
  std::vector<std::string> environment;  ///< NAME=value
  std::string working_directory;         ///< empty: "/"

  bool operator==(const ImageDefaults&) const = default;
};

/// The image of one version.
struct ImageCode {
  std::string uri;           ///< as it was asked for
  std::string resolved_uri;  ///< NAME@sha256:DIGEST
  ImageDefaults defaults;
  std::optional<ImageOverrides> overrides;  ///< set: ImageConfig was given, even if empty
  /// Path of the program inside: of one that is not there, where it was looked for.
  std::string program;

  bool operator==(const ImageCode&) const = default;

  /// The program and its arguments; empty: neither the image nor the function names any.
  std::vector<std::string> arguments() const;
  /// Absolute path inside.
  std::string working_directory() const;
};

}  // namespace proa::model
