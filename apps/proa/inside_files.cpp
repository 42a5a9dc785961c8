#include "inside_files.h"

#include "network/network.h"
#include "os/file.h"

namespace proa::apps {
namespace {

/// Of the host.
constexpr const char* kCertificates = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace

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

oci::RootAdditions root_additions() {
  oci::RootAdditions additions;
  additions.folders = {"var/task", "var/runtime", "var/tmp", "opt", "home", "root", "run", "mnt"};
  additions.files = {{"etc/passwd",
                      "root:x:0:0:root:/root:/sbin/nologin\n"
                      "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
                      "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"},
                     {"etc/group", "root:x:0:\nsbx_user1051:x:990:\nnogroup:x:65534:\n"},
                     {"etc/nsswitch.conf",
                      "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                      "networks: files\nprotocols: files\nservices: files\n"}};
  // Packages make it in a script that is run when they are set up.
  const auto certificates = os::read_file(kCertificates);
  if (certificates)
    additions.missing_files["etc/ssl/certs/ca-certificates.crt"] = certificates.value();
  // OpenSSL looks there first. ES modules know no NODE_PATH (launcher/rootfs.cpp).
  additions.missing_links = {{"usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"},
                             {"var/node_modules", "/opt/nodejs/node_modules"},
                             {"node_modules", "/var/runtime/node_modules"}};
  return additions;
}

}  // namespace proa::apps
