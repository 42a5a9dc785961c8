// What the rewriting program knows of one environment; shared by the program (C, BPF) and the
// launcher (C++), so plain C types only.
#pragma once

#include <linux/types.h>

// Value of the map `environments`, whose key is the router-side device number. A device without an
// entry passes nothing in either direction.
struct proa_rewrite_entry {
  __u8 outside4[4];    // network byte order
  __u32 has_outside6;  // 0: every IPv6 packet is dropped
  __u8 outside6[16];
};
