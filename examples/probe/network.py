"""What the network name space shows, and what can be reached."""
import errno
import socket
import struct

from reading import attempt, lines


def seen(_event):
    """Interfaces, addresses, routes, sockets, name servers."""
    return {
        "interfaces": attempt(_interfaces),
        "routes": attempt(_routes),
        "routes6": attempt(_routes6),
        "sockets": {name: attempt(_sockets, name) for name in ("tcp", "tcp6", "udp", "udp6")},
        "unix_sockets": attempt(_unix_sockets),
        "arp": attempt(lambda: lines("/proc/net/arp")[1:]),
        "resolv_conf": attempt(lines, "/etc/resolv.conf"),
        "hosts": attempt(lines, "/etc/hosts"),
    }


def try_connect(target, timeout_s):
    host, _, port = target.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout_s):
            return "connected"
    except socket.timeout:
        return "timeout"
    except socket.gaierror as error:
        return "name: %s" % error.strerror
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    except ValueError as error:
        return "not host:port: %s" % error


def _interfaces():
    found = {}
    for line in lines("/proc/net/dev")[2:]:
        name = line.split(":")[0]
        found[name] = {"addresses": [a for a in [attempt(_address, name)] if isinstance(a, str)]}
    for line in attempt(_lines_or_none, "/proc/net/if_inet6"):
        packed, _, prefix, _, _, name = line.split()
        address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(packed))
        entry = found.setdefault(name, {"addresses": []})
        entry["addresses"].append("%s/%d" % (address, int(prefix, 16)))
    return found


def _lines_or_none(path):
    try:
        return lines(path)
    except FileNotFoundError:  # no IPv6
        return []


def _address(name):
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inet:
        get_address = 0x8915  # SIOCGIFADDR
        answer = fcntl.ioctl(inet.fileno(), get_address, struct.pack("256s", name.encode()[:15]))
    return socket.inet_ntoa(answer[20:24])


def _routes():
    found = []
    for line in lines("/proc/net/route")[1:]:
        name, target, gateway, _, _, _, metric, mask = line.split()[:8]
        found.append(
            {
                "interface": name,
                "target": "%s/%d" % (_ipv4(target), bin(int(mask, 16)).count("1")),
                "gateway": _ipv4(gateway),
                "metric": int(metric),
            }
        )
    return found


def _routes6():
    found = []
    for line in lines("/proc/net/ipv6_route"):
        fields = line.split()
        target = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[0]))
        found.append({"interface": fields[9], "target": "%s/%d" % (target, int(fields[1], 16))})
    return found


def _sockets(name):
    """Local and remote end, and state (0A is listening), of each socket in the name space."""
    found = []
    for line in lines("/proc/net/" + name)[1:]:
        fields = line.split()
        local, remote, state, uid = _end(fields[1]), _end(fields[2]), fields[3], int(fields[7])
        found.append({"local": local, "remote": remote, "state": state, "uid": uid})
    return found


def _unix_sockets():
    """Paths (abstract ones begin with @) of the Unix sockets in the name space."""
    fields = (line.split(None, 7) for line in lines("/proc/net/unix")[1:])
    return sorted({f[7] for f in fields if len(f) == 8})


def _end(text):
    address, port = text.split(":")
    if len(address) == 8:
        return "%s:%d" % (_ipv4(address), int(port, 16))
    words = struct.unpack("<4I", bytes.fromhex(address))
    packed = struct.pack(">4I", *words)
    return "[%s]:%d" % (socket.inet_ntop(socket.AF_INET6, packed), int(port, 16))


def _ipv4(word):
    """The kernel prints the address as one little-endian word."""
    return socket.inet_ntoa(struct.pack("<I", int(word, 16)))
