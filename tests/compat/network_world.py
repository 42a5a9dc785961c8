"""A private network for a test: "the host" a daemon runs in, "the internet" behind its one link.

The calling thread stands in the host's namespace until close(), so programs it starts and sockets
it makes are there; nothing of it touches the machine's own network.
"""
import ctypes
import os
import socket
import struct
import subprocess
import threading

SERVER4, SERVER6 = "198.51.100.10", "2001:db8:2::10"
HOST4, HOST6 = "203.0.113.2", "2001:db8:1::2"
LAN4, METADATA4 = "10.1.2.3", "169.254.169.254"
RESOLVER = "127.0.0.53"
PORT = 8080

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _call(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _namespace():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class World:
    """Two namespaces, joined. `is_forwarding`: whether the host forwards packets."""

    def __init__(self, is_forwarding=True):
        self.home = _namespace()
        self.threads, self.sockets = [], []
        self.internet = self._new()
        self.host = self._new()
        here = f"/proc/{os.getpid()}/fd/{self.internet}"
        self.ip("link set lo up", f"link add ext0 type veth peer name inet0 netns {here}",
                "link set ext0 up", f"address add {HOST4}/24 dev ext0",
                f"address add {HOST6}/64 dev ext0 nodad")
        self.enter(self.internet)
        self.ip("link set lo up", "link set inet0 up", "address add 203.0.113.1/24 dev inet0",
                "address add 2001:db8:1::1/64 dev inet0 nodad",
                *(f"address add {a}/32 dev lo" for a in (SERVER4, LAN4, METADATA4)),
                f"address add {SERVER6}/128 dev lo nodad")
        self.enter(self.host)
        self.ip("route add default via 203.0.113.1", "route add default via 2001:db8:1::1")
        self.set_forwarding(is_forwarding)

    def _new(self):
        _call(_libc.unshare(_CLONE_NEWNET))
        return _namespace()

    def enter(self, namespace):
        _call(_libc.setns(namespace, _CLONE_NEWNET))

    def ip(self, *commands):
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True, timeout=20)

    def nft(self, rules):
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True, timeout=20)

    def set_forwarding(self, is_on):
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open("/proc/sys/net/" + name, "w", encoding="ascii") as file:
                file.write("1" if is_on else "0")

    def socket_in(self, namespace, family, kind):
        self.enter(namespace)
        try:
            made = socket.socket(family, kind)
        finally:
            self.enter(self.host)
        self.sockets.append(made)
        return made

    def serve(self, namespace, address, port=PORT):
        """Answers TCP at `address` with the client's address; returns the list of clients seen."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = self.socket_in(namespace, family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(64)
        seen = []

        def answer():
            while True:
                try:
                    client, peer = listener.accept()
                except OSError:
                    return
                seen.append(peer[0])
                with client:
                    try:
                        client.sendall(b"you are " + peer[0].encode())
                    except OSError:
                        pass

        self._start(answer)
        return seen

    def resolve(self, names, address=RESOLVER):
        """A DNS server (UDP) on the host: `names` to IPv4 addresses, else NXDOMAIN. Names asked."""
        udp = self.socket_in(self.host, socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((address, 53))
        asked = []

        def answer():
            while True:
                try:
                    query, client = udp.recvfrom(4096)
                    if not query:
                        return  # shut down
                    name, end = _question(query)
                    asked.append(name)
                    udp.sendto(_answer(query, end, names.get(name)), client)
                except OSError:
                    return

        self._start(answer)
        return asked

    def _start(self, body):
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        self.threads.append(thread)

    def close(self):
        for made in self.sockets:
            try:
                made.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # a datagram socket that was never connected: its waiter is woken all the same
            made.close()
        self.enter(self.home)
        for fd in (self.home, self.host, self.internet):
            os.close(fd)


def _question(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 5


def _answer(query, end, address):
    kind = struct.unpack(">H", query[end - 4:end - 2])[0]
    has_answer = address is not None and kind == 1
    head = query[:2] + struct.pack(">HHHHH", 0x8180 if address else 0x8183, 1, has_answer, 0, 0)
    body = query[12:end]
    if has_answer:
        body += struct.pack(">HHHIH", 0xc00c, 1, 1, 30, 4) + socket.inet_aton(address)
    return head + body
