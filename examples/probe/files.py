"""Walks over the file system: where can be written, and which files give privileges."""
import os
import stat
import tempfile
import time

from reading import attempt

# Kernel file systems: walked apart, by a list of what matters in them.
_KERNEL = ("/proc", "/sys", "/dev")
_KERNEL_FILES = (
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/self/oom_score_adj",
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/kallsyms",
    "/sys/kernel/uevent_helper",
    "/sys/kernel/security",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
    "/sys/firmware",
)


def writable(root, deadline):
    """Folders in which a file could be made (it is gone again), files open for writing, and
    the access to sensitive kernel files."""
    folders, paths, complete = [], [], True
    for folder, _, names in _walk(root):
        if time.monotonic() > deadline:
            complete = False
            break
        if os.access(folder, os.W_OK) and _can_create(folder):
            folders.append(folder)
            continue  # what is in it can be replaced anyway
        for name in names:
            path = os.path.join(folder, name)
            if _is_regular(path) and os.access(path, os.W_OK):
                paths.append(path)
    kernel = {path: attempt(_access, path) for path in _KERNEL_FILES}
    return {"folders": folders, "files": paths, "kernel": kernel, "complete": complete}


def privileged(root, deadline):
    """Files with set-user-id, set-group-id or file capabilities that this process can reach."""
    found, complete = [], True
    for folder, _, names in _walk(root):
        if time.monotonic() > deadline:
            complete = False
            break
        for name in names:
            path = os.path.join(folder, name)
            kinds = attempt(_privileges, path)
            if kinds and isinstance(kinds, list):
                found.append({"path": path, "gives": kinds, "executable": os.access(path, os.X_OK)})
    return {"files": found, "complete": complete}


def _walk(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in _KERNEL]
        yield folder, folders, names


def _can_create(folder):
    """Tries it, with a file that never gets a name where the file system knows such files."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".probe-"):
            return True
    except OSError:
        return False


def _is_regular(path):
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _access(path):
    os.stat(path)
    modes = (("read", os.R_OK), ("write", os.W_OK))
    return [word for word, mode in modes if os.access(path, mode)]


def _privileges(path):
    state = os.lstat(path)
    if not stat.S_ISREG(state.st_mode):
        return []
    kinds = [k for k, bit in (("uid", stat.S_ISUID), ("gid", stat.S_ISGID)) if state.st_mode & bit]
    if "security.capability" in _attributes(path):
        kinds.append("capability")
    return kinds


def _attributes(path):
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError:
        return []
