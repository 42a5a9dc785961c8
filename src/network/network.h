// The unprivileged side of the network of environments: name resolution.
//
// Environments have no route to the host's resolver (it is often on 127.0.0.53). They ask the
// *gateway* address, where a DnsForwarder in the daemon listens on sockets that the launcher made
// in the router's namespace, and passes questions on to the *upstreams* of the host's resolv.conf.
// The forwarder knows each environment by its outside address, so it refuses to answer where the
// policy is `none`: names would be a way out. DnsService runs it on a thread of its own.
//
// Made by apps/proa; calls back for policies and sockets. The privileged
// side (router namespace, rules, devices) is launcher/net. Long document: docs/architecture.md.
#pragma once

#include "network/dns_forwarder.h"
#include "network/dns_service.h"
#include "network/environment_policies.h"
#include "network/resolv_conf.h"
