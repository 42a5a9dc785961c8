"""Reports everything a function can see and reach from inside its environment.

Event: {"sections": ["processes", ...],           which to report; all when missing
        "connect": ["127.0.0.1:22", ...],         targets of section "connect"
        "connect_timeout_ms": 300,
        "walk_root": "/"}                         where "writable" and "setuid" begin
Answer: {section: facts}. What cannot be read is reported as {"error": "..."}: that is a fact too.
Two sections walk the file system; they stop after WALK_LIMIT_S and then say "complete": false.
"""
import os
import socket
import stat
import time

import files
import network
from reading import attempt, lines, pairs, text

WALK_LIMIT_S = 5.0


def handler(event, context):
    wanted = event.get("sections", sorted(SECTIONS))
    unknown = sorted(set(wanted) - set(SECTIONS))
    if unknown:
        raise ValueError("unknown sections %s; known: %s" % (unknown, sorted(SECTIONS)))
    return {name: attempt(SECTIONS[name], event) for name in wanted}


def processes(_event):
    """Every process in /proc, with its owner and command line."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            # One that ended meanwhile is still listed, with the error of reading it.
            found.append({**attempt(_process, name), "pid": int(name)})
    return sorted(found, key=lambda process: process["pid"])


def _process(name):
    status = pairs("/proc/%s/status" % name)
    return {
        "pid": int(name),
        "parent": int(status["PPid"]),
        "name": status["Name"],
        "uid": status["Uid"].split(),
        "command": text("/proc/%s/cmdline" % name).replace("\0", " ").strip(),
    }


def mounts(_event):
    """/proc/self/mountinfo: where, which file system, from what, with which options."""
    found = []
    for line in lines("/proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        fields, device = left.split(), right.split()
        found.append(
            {
                "point": fields[4],
                "root": fields[3],
                "options": fields[5],
                "type": device[0],
                "source": device[1],
                "super_options": device[2] if len(device) > 2 else "",
            }
        )
    return found


def privileges(_event):
    """Capability sets by name, no_new_privs, and the seccomp mode of this process."""
    status = pairs("/proc/self/status")
    sets = {name: _capabilities(int(status[name], 16)) for name in status if name.startswith("Cap")}
    keep = ("NoNewPrivs", "Seccomp", "Seccomp_filters", "Speculation_Store_Bypass", "Dumpable")
    facts = {name: status[name] for name in keep if name in status}
    return {"capabilities": sets, **facts, "lsm": attempt(text, "/proc/self/attr/current")}


def _capabilities(mask):
    known = len(_CAPABILITIES)
    return [_CAPABILITIES[i] if i < known else str(i) for i in range(64) if mask >> i & 1]


def devices(_event):
    """Device nodes below /dev, and whether they open."""
    found = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            path = os.path.join(folder, name)
            state = os.lstat(path)
            if stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode):
                number = "%d:%d" % (os.major(state.st_rdev), os.minor(state.st_rdev))
                kind = "block" if stat.S_ISBLK(state.st_mode) else "character"
                modes = (("read", os.R_OK), ("write", os.W_OK))
                allowed = [word for word, mode in modes if os.access(path, mode)]
                found.append({"path": path, "kind": kind, "number": number, "access": allowed})
    return found


def environment(_event):
    return dict(os.environ)


def descriptors(_event):
    """Open descriptors of this process and what they are."""
    found = {}
    for name in sorted(os.listdir("/proc/self/fd"), key=int):
        target = attempt(os.readlink, "/proc/self/fd/" + name)
        if target != {"error": "ENOENT"}:  # the one that listed the folder
            found[name] = target
    return found


def ids(_event):
    """User, groups, their maps, name spaces and host name."""
    spaces = sorted(os.listdir("/proc/self/ns"))
    return {
        "uid": os.getresuid(),
        "gid": os.getresgid(),
        "groups": os.getgroups(),
        "uid_map": attempt(lines, "/proc/self/uid_map"),
        "gid_map": attempt(lines, "/proc/self/gid_map"),
        "setgroups": attempt(text, "/proc/self/setgroups"),
        "namespaces": {name: attempt(os.readlink, "/proc/self/ns/" + name) for name in spaces},
        "hostname": socket.gethostname(),
        "kernel": list(os.uname()),
        "pid": os.getpid(),
    }


def cgroups(_event):
    """Own cgroup paths, and what of the cgroup file system shows and can be written."""
    root = "/sys/fs/cgroup"
    return {
        "self": attempt(lines, "/proc/self/cgroup"),
        "visible": attempt(lambda: sorted(os.listdir(root))),
        "writable": os.access(root, os.W_OK),
    }


def keys(_event):
    """Kernel keys: what /proc shows, and whether the session keyring can be asked for."""
    return {
        "keys": attempt(lines, "/proc/keys"),
        "users": attempt(lines, "/proc/key-users"),
        "session_keyring": attempt(_session_keyring),
    }


def _session_keyring():
    import ctypes

    number = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
    libc = ctypes.CDLL(None, use_errno=True)
    get_keyring_id, session = 0, -3
    serial = libc.syscall(number, get_keyring_id, session, 0)
    if serial < 0:
        raise OSError(ctypes.get_errno(), "keyctl")
    return serial


def limits(_event):
    return lines("/proc/self/limits")[1:]


def writable(event):
    return files.writable(event.get("walk_root", "/"), time.monotonic() + WALK_LIMIT_S)


def setuid(event):
    return files.privileged(event.get("walk_root", "/"), time.monotonic() + WALK_LIMIT_S)


def connect(event):
    """Tries each "host:port" of the event: "connected", or the name of the error."""
    timeout_s = event.get("connect_timeout_ms", 300) / 1000
    return {target: network.try_connect(target, timeout_s) for target in event.get("connect", [])}


SECTIONS = {
    "processes": processes,
    "mounts": mounts,
    "network": network.seen,
    "privileges": privileges,
    "devices": devices,
    "environment": environment,
    "descriptors": descriptors,
    "writable": writable,
    "ids": ids,
    "connect": connect,
    "setuid": setuid,
    "keys": keys,
    "cgroups": cgroups,
    "limits": limits,
}

# linux/capability.h, in order of their numbers.
_CAPABILITIES = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable"
    " net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio"
    " sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time"
    " sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog"
    " wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split()
