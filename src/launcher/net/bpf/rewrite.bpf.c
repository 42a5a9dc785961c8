// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
//
// The pair of tc programs on the router's end of every environment's link: replaces the inside
// address, which is the same in all environments, by the environment's own outside address, and
// back. Packets whose source is not the inside address are dropped (anti-spoofing).
//
// from_env: ingress of e<i>, packets out of an environment. to_env: egress, packets into it.
// IPv6 outside addresses are checksum-neutral to the inside one, so only IPv4 needs repairs.
// Loads on kernels from 5.10: no loops, no kernel functions, no BTF of the kernel.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "rewrite_entry.h"

enum {
  kEthernet = 14,
  kIp4Bytes = 20,
  kIp4Protocol = 9,
  kIp4Checksum = 10,
  kIp4Source = 12,
  kIp4Destination = 16,
  kIp6Bytes = 40,
  kIp6Next = 6,
  kIp6Source = 8,
  kIp6Destination = 24,
  kIcmpBytes = 8,
  kArpSender = 14,
  kIcmpUnreachable = 3,
  kIcmpRedirect = 5,
  kIcmpTimeExceeded = 11,
  kIcmpParameter = 12,
  kIcmp6ErrorFirst = 1,
  kIcmp6ErrorLast = 4,
  kIcmp6RouterAdvertisement = 134,
  kIcmp6Redirect = 137,
  kUdpLite = 136,
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, struct proa_rewrite_entry);
} environments SEC(".maps");

// 169.254.100.2 and fd70:726f:61ff::2 as 32-bit words in memory order.
#define INSIDE4 bpf_htonl(0xa9fe6402)
#define INSIDE6_0 bpf_htonl(0xfd70726f)
#define INSIDE6_1 bpf_htonl(0x61ff0000)
#define INSIDE6_3 bpf_htonl(2)

struct address6 {
  __u32 word[4];
};

static __always_inline struct address6 inside6(void) {
  struct address6 address = {{INSIDE6_0, INSIDE6_1, 0, INSIDE6_3}};
  return address;
}

static __always_inline struct address6 outside6(const struct proa_rewrite_entry* entry) {
  struct address6 address;
  __builtin_memcpy(&address, entry->outside6, sizeof address);
  return address;
}

static __always_inline int same6(const struct address6* a, const struct address6* b) {
  return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
         a->word[3] == b->word[3];
}

// Repairs the transport checksum after an address changed. Zero on success.
static __always_inline int repair_transport(struct __sk_buff* skb, __u8 protocol, __u32 transport,
                                            __u32 old_address, __u32 new_address) {
  if (protocol == IPPROTO_TCP) {
    return bpf_l4_csum_replace(skb, transport + 16, old_address, new_address,
                               BPF_F_PSEUDO_HDR | 4);
  }
  if (protocol == IPPROTO_UDP) {
    return bpf_l4_csum_replace(skb, transport + 6, old_address, new_address,
                               BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4);
  }
  if (protocol == kUdpLite || protocol == IPPROTO_DCCP) {
    return bpf_l4_csum_replace(skb, transport + 6, old_address, new_address,
                               BPF_F_PSEUDO_HDR | 4);
  }
  return 0;
}

// An ICMP error quotes the packet that failed, seen from the other direction: its address is
// rewritten too. Address and header checksum of the quoted header change by opposite amounts, so
// the checksum of the ICMP message around them holds. Zero on success.
static __always_inline int repair_quoted4(struct __sk_buff* skb, __u32 icmp, __u32 address_offset,
                                          __u32 old_address, __u32 new_address) {
  __u8 type = 0;
  if (bpf_skb_load_bytes(skb, icmp, &type, 1) != 0) return -1;
  if (type == kIcmpRedirect) return -1;
  if (type != kIcmpUnreachable && type != kIcmpTimeExceeded && type != kIcmpParameter) return 0;
  __u32 quoted = icmp + kIcmpBytes;
  __u32 address = 0;
  if (bpf_skb_load_bytes(skb, quoted + address_offset, &address, 4) != 0) return -1;
  if (address != old_address) return -1;  // quotes a packet that this environment never had
  if (bpf_l3_csum_replace(skb, quoted + kIp4Checksum, old_address, new_address, 4) != 0) return -1;
  return bpf_skb_store_bytes(skb, quoted + address_offset, &new_address, 4, 0);
}

// Replaces the IPv4 address at `offset` when it is `old_address`, else drops. `mirror` is where
// the same address stands in a packet of the other direction.
static __always_inline int rewrite4(struct __sk_buff* skb, __u32 offset, __u32 mirror,
                                    __u32 old_address, __u32 new_address) {
  __u8 header[kIp4Bytes];
  if (bpf_skb_load_bytes(skb, kEthernet, header, sizeof header) != 0) return TC_ACT_SHOT;
  __u32 address = 0;
  __builtin_memcpy(&address, header + offset, 4);
  if (address != old_address) return TC_ACT_SHOT;
  if ((header[0] >> 4) != 4 || (header[0] & 15) < 5) return TC_ACT_SHOT;
  __u32 transport = kEthernet + (__u32)(header[0] & 15) * 4;
  int is_first = (header[6] & 0x1f) == 0 && header[7] == 0;
  __u8 protocol = header[kIp4Protocol];
  if (is_first) {
    if (repair_transport(skb, protocol, transport, old_address, new_address) != 0) {
      return TC_ACT_SHOT;
    }
    if (protocol == IPPROTO_ICMP &&
        repair_quoted4(skb, transport, mirror, old_address, new_address) != 0) {
      return TC_ACT_SHOT;
    }
  }
  if (bpf_l3_csum_replace(skb, kEthernet + kIp4Checksum, old_address, new_address, 4) != 0) {
    return TC_ACT_SHOT;
  }
  if (bpf_skb_store_bytes(skb, kEthernet + offset, &new_address, 4, 0) != 0) return TC_ACT_SHOT;
  return TC_ACT_OK;
}

// The same for IPv6. The quoted address of an ICMPv6 error is only looked for directly behind the
// fixed header; behind extension headers it stays as it is.
static __always_inline int rewrite6(struct __sk_buff* skb, __u32 offset, __u32 mirror,
                                    const struct address6* old_address,
                                    const struct address6* new_address) {
  struct address6 address;
  __u8 next = 0;
  if (bpf_skb_load_bytes(skb, kEthernet + offset, &address, sizeof address) != 0 ||
      bpf_skb_load_bytes(skb, kEthernet + kIp6Next, &next, 1) != 0) {
    return TC_ACT_SHOT;
  }
  if (!same6(&address, old_address)) return TC_ACT_SHOT;
  if (next == IPPROTO_ICMPV6) {
    __u32 icmp = kEthernet + kIp6Bytes;
    __u8 type = 0;
    if (bpf_skb_load_bytes(skb, icmp, &type, 1) != 0) return TC_ACT_SHOT;
    if (type == kIcmp6RouterAdvertisement || type == kIcmp6Redirect) return TC_ACT_SHOT;
    if (type >= kIcmp6ErrorFirst && type <= kIcmp6ErrorLast) {
      __u32 quoted = icmp + kIcmpBytes + mirror;
      if (bpf_skb_load_bytes(skb, quoted, &address, sizeof address) != 0) return TC_ACT_SHOT;
      if (!same6(&address, old_address)) return TC_ACT_SHOT;
      if (bpf_skb_store_bytes(skb, quoted, new_address, sizeof *new_address, 0) != 0) {
        return TC_ACT_SHOT;
      }
    }
  }
  if (bpf_skb_store_bytes(skb, kEthernet + offset, new_address, sizeof *new_address, 0) != 0) {
    return TC_ACT_SHOT;
  }
  return TC_ACT_OK;
}

// ARP may pass when it speaks for the inside address (or for none, as a probe does).
static __always_inline int arp_from_env(struct __sk_buff* skb) {
  __u32 sender = 0;
  if (bpf_skb_load_bytes(skb, kEthernet + kArpSender, &sender, 4) != 0) return TC_ACT_SHOT;
  return sender == INSIDE4 || sender == 0 ? TC_ACT_OK : TC_ACT_SHOT;
}

static __always_inline struct proa_rewrite_entry* entry_of(struct __sk_buff* skb) {
  __u32 device = skb->ifindex;
  if (skb->vlan_present) return 0;
  return bpf_map_lookup_elem(&environments, &device);
}

SEC("tc")
int from_env(struct __sk_buff* skb) {
  struct proa_rewrite_entry* entry = entry_of(skb);
  if (!entry) return TC_ACT_SHOT;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    __u32 outside = 0;
    __builtin_memcpy(&outside, entry->outside4, 4);
    return rewrite4(skb, kIp4Source, kIp4Destination, INSIDE4, outside);
  }
  if (skb->protocol == bpf_htons(ETH_P_IPV6) && entry->has_outside6) {
    struct address6 inside = inside6();
    struct address6 outside = outside6(entry);
    return rewrite6(skb, kIp6Source, kIp6Destination, &inside, &outside);
  }
  if (skb->protocol == bpf_htons(ETH_P_ARP)) return arp_from_env(skb);
  return TC_ACT_SHOT;
}

SEC("tc")
int to_env(struct __sk_buff* skb) {
  struct proa_rewrite_entry* entry = entry_of(skb);
  if (!entry) return TC_ACT_SHOT;
  if (skb->protocol == bpf_htons(ETH_P_IP)) {
    __u32 outside = 0;
    __builtin_memcpy(&outside, entry->outside4, 4);
    return rewrite4(skb, kIp4Destination, kIp4Source, outside, INSIDE4);
  }
  if (skb->protocol == bpf_htons(ETH_P_IPV6) && entry->has_outside6) {
    struct address6 inside = inside6();
    struct address6 outside = outside6(entry);
    return rewrite6(skb, kIp6Destination, kIp6Source, &outside, &inside);
  }
  if (skb->protocol == bpf_htons(ETH_P_ARP)) return TC_ACT_OK;
  return TC_ACT_SHOT;
}

// The kernel lets only GPL-compatible programs call bpf_l3_csum_replace and bpf_l4_csum_replace:
// this file alone is offered under either licence (first line).
char licence_of_program[] SEC("license") = "GPL";
