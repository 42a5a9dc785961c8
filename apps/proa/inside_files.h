// Files that say where an environment is, for what has no launcher to write them: a guest's root
// and a container image.
#pragma once

#include "oci/oci.h"

#include <map>
#include <string>

namespace proa::apps {

/// Of the host.
inline constexpr const char* kResolvConf = "/etc/resolv.conf";

/// /etc/resolv.conf inside: Proa's name server, and of the host's file what holds there, too.
std::string inside_resolv_conf();

/// What a container image cannot know, by its path without the slash at the front. A container
/// shows those of its start in their place.
std::map<std::string, std::string> image_files();

/// What the root of a runtime image gets besides: the places of code, layers and what of ours runs
/// it, the user that functions are, and the host's certificates where it brings none.
oci::RootAdditions root_additions();

}  // namespace proa::apps
