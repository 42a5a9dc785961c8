// /init of a guest that ends when a function in it says how ("reboot", "halt") to the abstract
// socket "end": a process of root's beside proa-init, which is what it becomes. Built by
// test_kernels.py.
#include <stddef.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char** argv, char** variables) {
  (void)argc;
  const int ask = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const struct sockaddr_un name = {AF_UNIX, "\0end"};
  if (ask < 0 || bind(ask, (const struct sockaddr*)&name,
                      offsetof(struct sockaddr_un, sun_path) + sizeof "end") != 0)
    return 1;
  if (fork() == 0) {
    char how = 0;
    if (recv(ask, &how, 1, 0) != 1) return 1;
    return reboot(how == 'r' ? RB_AUTOBOOT : RB_HALT_SYSTEM);
  }
  execve("/proa-init", argv, variables);
  return 1;
}
