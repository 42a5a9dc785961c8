// Device numbers inside a guest's network namespace; shared by the program (C, BPF) and the
// launcher (C++).
#pragma once

enum {
  proa_inside_device = 2,  // eth0, the inside end of the environment's link
  proa_tap_device = 3,     // what QEMU reads and writes frames by
};
