#include "launcher/guest_command.h"

namespace proa::launcher {
namespace {

std::string file_of(GuestDescriptor descriptor) {
  return "/proc/self/fd/" + std::to_string(static_cast<int>(descriptor));
}

std::string socket_of(const char* name, GuestDescriptor descriptor) {
  return std::string("socket,id=") + name + ",fd=" + std::to_string(static_cast<int>(descriptor));
}

std::string kernel_words(const StartGuest& request) {
  // reboot=t: the guest ends itself by a triple fault, which -no-reboot makes the machine's end; it
  // takes no ACPI.
  std::string words = "console=ttyS0 quiet reboot=t panic=-1";
  if (request.accelerator == Accelerator::tcg) {
    // The guest reads the host's counter; measuring it anew fails often, and then its clock counts
    // in steps of 10 ms, or the boot hangs. The loop count is measured for 40 ms and not needed.
    words += " tsc_early_khz=" + std::to_string(request.tsc_khz) + " tsc=reliable lpj=4000000";
    // The timer's calibration takes 250 ms; with ACPI a kernel hangs without it.
    words += request.needs_acpi != 0 ? " no_timer_check" : " no_timer_check noapictimer";
  }
  return words + " -- guest";
}

}  // namespace

std::vector<std::string> guest_command(const StartGuest& request) {
  const bool is_kvm = request.accelerator == Accelerator::kvm;
  const std::string acpi = request.needs_acpi != 0 ? "on" : "off";
  return {"/usr/bin/qemu-system-x86_64", "-M", "microvm,acpi=" + acpi, "-accel",
          is_kvm ? "kvm" : "tcg,tb-size=32", "-cpu", is_kvm ? "host" : "qemu64", "-m",
          std::to_string(request.memory_mib), "-kernel", file_of(GuestDescriptor::kernel),
          "-initrd", file_of(GuestDescriptor::initrd), "-append", kernel_words(request),
          "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-chardev",
          socket_of("console", GuestDescriptor::console), "-serial", "chardev:console",
          // More ports than these two take 4 MiB of the guest's memory each.
          "-device", "virtio-serial-device,max_ports=2", "-chardev",
          socket_of("port", GuestDescriptor::port), "-device",
          "virtserialport,chardev=port,name=proa", "-object", "rng-builtin,id=entropy", "-device",
          "virtio-rng-device,rng=entropy", "-sandbox",
          "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"};
}

}  // namespace proa::launcher
