#include "inside_files.h"

#include "network/network.h"
#include "os/file.h"

namespace proa::apps {

std::string inside_resolv_conf() {
  const auto text = os::read_file(kResolvConf);
  return network::environment_resolv_conf(text ? text.value() : std::string());
}

std::map<std::string, std::string> image_files() {
  return {{"etc/resolv.conf", inside_resolv_conf()},
          {"etc/hosts",
           "127.0.0.1 localhost sandbox.localdomain sandbox\n"
           "::1 localhost ip6-localhost ip6-loopback\n"}};
}

}  // namespace proa::apps
