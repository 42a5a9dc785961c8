// SPDX-License-Identifier: Apache-2.0
//
// Joins a guest's tap device with the inside end of its environment's link: what comes in on one
// goes out by the other, untouched and unseen by the namespace's own stack. Both programs hang on
// the ingress of their device.
//
// Loads on kernels from 5.10, without BTF of the kernel.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "guest_devices.h"

SEC("tc")
int to_guest(struct __sk_buff* skb) {
  (void)skb;
  return bpf_redirect(proa_tap_device, 0);
}

SEC("tc")
int from_guest(struct __sk_buff* skb) {
  (void)skb;
  return bpf_redirect(proa_inside_device, 0);
}

char licence_of_program[] SEC("license") = "Apache-2.0";
