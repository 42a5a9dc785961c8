#include "launcher/guest_command.h"

#include "frames/guest_devices.h"
#include "launcher/net/router_names.h"

#include <iterator>

namespace proa::launcher {
namespace {

using Words = std::vector<std::string>;

using frames::kCodeDisk;
using frames::kLayersDisk;
using frames::kRootDisk;
using frames::kTmpDisk;

void append(Words& words, Words more) {
  words.insert(words.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

std::string number_of(GuestDescriptor descriptor) {
  return std::to_string(static_cast<int>(descriptor));
}

std::string file_of(GuestDescriptor descriptor) { return "/proc/self/fd/" + number_of(descriptor); }

std::string socket_of(const char* name, GuestDescriptor descriptor) {
  return std::string("socket,id=") + name + ",fd=" + number_of(descriptor);
}

// By a set of descriptors, QEMU uses the very one it inherits, which may do more than its user
// could open. It takes no lock of images: one that guests share could be locked by any of them.
Words file_node(const std::string& node, GuestDescriptor descriptor, const char* options) {
  const std::string number = number_of(descriptor);
  return {"-add-fd", "fd=" + number + ",set=" + number, "-blockdev",
          "driver=file,node-name=" + node + ",filename=/dev/fdset/" + number + ",locking=off," +
              options};
}

// An error is the guest's to hear: where nobody says so, QEMU stops the machine when the host's
// disk is full, until somebody tells its monitor to go on.
Words block_device(const std::string& node) {
  return {"-device",
          "virtio-blk-device,drive=" + node + ",serial=" + node + ",werror=report,rerror=report"};
}

Words disk(const char* name, GuestDescriptor descriptor, const char* options) {
  Words words = file_node(name, descriptor, options);
  append(words, block_device(name));
  return words;
}

constexpr const char* kReadOnly = "read-only=on";

/// A disk whose content can be exchanged: below the node that the device knows there is one that
/// has it, or nothing (sandbox/microvm/monitor.h, Monitor::insert()).
Words open_disk(const std::string& name, GuestDescriptor descriptor, bool is_there) {
  const std::string below = name + "-first";
  Words words =
      is_there ? file_node(below, descriptor, kReadOnly)
               : Words{"-blockdev",
                       "driver=null-co,size=4096,read-zeroes=on,read-only=on,node-name=" + below};
  append(words, {"-blockdev", "driver=raw,node-name=" + name + ",read-only=on,file=" + below});
  append(words, block_device(name));
  return words;
}

Words disks(const StartGuest& request) {
  const bool has_all = request.memory != GuestMemory::own;
  const auto image = [&](const char* name, GuestDescriptor descriptor, std::uint32_t is_there) {
    if (has_all) return open_disk(name, descriptor, is_there != 0);
    return is_there != 0 ? disk(name, descriptor, kReadOnly) : Words();
  };
  // /tmp does not outlive the guest: nothing of it needs to be on the host's disk at any time.
  Words words =
      disk(kTmpDisk, GuestDescriptor::tmp, "read-only=off,discard=unmap,cache.no-flush=on");
  if (request.has_root != 0) append(words, disk(kRootDisk, GuestDescriptor::root, kReadOnly));
  append(words, image(kCodeDisk, GuestDescriptor::code, request.has_code));
  append(words, image(kLayersDisk, GuestDescriptor::layers, request.has_layers));
  return words;
}

/// Memory in a file, and the monitor by which the machine's state is written or read.
/// https://www.qemu.org/docs/master/devel/migration/
Words copied_memory(const StartGuest& request) {
  if (request.memory == GuestMemory::own) return {};
  const bool is_copy = request.memory == GuestMemory::copied;
  Words words{"-object",
              "memory-backend-file,id=ram,size=" + std::to_string(request.memory_mib) +
                  "M,mem-path=" + file_of(GuestDescriptor::memory) +
                  (is_copy ? ",share=off" : ",share=on"),
              "-chardev",
              socket_of("monitor", GuestDescriptor::monitor),
              "-mon",
              "chardev=monitor,mode=control"};
  if (is_copy) append(words, {"-incoming", "defer"});
  return words;
}

Words network_card(const GuestNetwork& network) {
  if (!network.has_tap) return {};
  return {"-netdev", "tap,id=net,vhost=off,fd=" + number_of(GuestDescriptor::tap), "-device",
          "virtio-net-device,netdev=net,mac=" + net::text_of(net::kInsideMac)};
}

std::string kernel_words(const StartGuest& request, const GuestNetwork& network) {
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
  // What follows "--" is for the first process alone. Without ACPI, QEMU puts the devices behind
  // our words, and the kernel must read them; a word that it does not know it passes on as well.
  words += request.needs_acpi != 0 ? " -- guest" : " guest";
  if (request.memory != GuestMemory::own) return words + " " + frames::kGuestTemplateWord;
  return network.has_ipv6 ? words + " ipv6" : words;
}

}  // namespace

std::vector<std::string> guest_command(const StartGuest& request, const GuestNetwork& network) {
  const bool is_kvm = request.accelerator == Accelerator::kvm;
  const bool is_own = request.memory == GuestMemory::own;
  const std::string machine = std::string("microvm,acpi=") +
                              (request.needs_acpi != 0 ? "on" : "off") +
                              (is_own ? "" : ",memory-backend=ram");
  // Translated code that does not fit is thrown away, all of it: Node's start and first call take
  // more than 32 MiB, and what its rehearsal had translated was gone when the call came.
  Words words{
      "/usr/bin/qemu-system-x86_64", "-M", machine, "-accel", is_kvm ? "kvm" : "tcg,tb-size=64",
      "-cpu", is_kvm ? "host" : "qemu64", "-m", std::to_string(request.memory_mib), "-kernel",
      file_of(GuestDescriptor::kernel), "-initrd", file_of(GuestDescriptor::initrd), "-append",
      kernel_words(request, network), "-nodefaults", "-no-user-config", "-display", "none",
      "-no-reboot", "-chardev", socket_of("console", GuestDescriptor::console), "-serial",
      "chardev:console",
      // More ports than these two take 4 MiB of the guest's memory each.
      "-device", "virtio-serial-device,max_ports=2", "-chardev",
      socket_of("port", GuestDescriptor::port), "-device", "virtserialport,chardev=port,name=proa",
      "-object", "rng-builtin,id=entropy", "-device", "virtio-rng-device,rng=entropy"};
  append(words, copied_memory(request));
  append(words, disks(request));
  append(words, network_card(network));
  append(words,
         {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  return words;
}

}  // namespace proa::launcher
