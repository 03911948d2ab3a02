# SPDX-License-Identifier: Apache-2.0
"""Who may include whom. The one place where the direction of the tree is written for a machine."""

import posixpath

DROPS = "dataplane/net/drop.h"  # plain names

_BASE, _LINUX = "hal/base", "hal/linux"
_WATCHDOG = "hal/watchdog.h"
_PLATFORM = ("hal/platform.h", "hal/errors.h", _WATCHDOG)  # plain values, names, and an interface
_NET, _LB, _API, _CONTROL = ("dataplane/net", "dataplane/lb", "dataplane/api", "dataplane/control")
_DEVICE = ("hal/device.h", "hal/errors.h")  # a plain value, and names
_LIMITS = "dataplane/limits.h"  # plain numbers
_API_TYPES = "dataplane/api/messages.h"  # plain values
_LEASE_PAGE = ("dataplane/api/lease_page.h", "dataplane/api/seen_page.h")  # plain values
_PULSE_PAGE = "dataplane/api/pulse_page.h"  # plain values
_MODEL, _STORE, _COMMIT, _HEALTH = "mgmt/model", "mgmt/store", "mgmt/commit", "mgmt/health"
_EVENTS, _ALARMS = "mgmt/events", "mgmt/alarms"
_HTTP = "mgmt/http"
_SOCKET_ADDRESS = "mgmt/health/socket_address.h"  # a plain value
_BACKUP = "mgmt/backup"
_RPC_CLIENT = "mgmt/rpc/client.h"
_REPLICATED = ("mgmt/replication/messages.h", "mgmt/replication/position.h")  # plain values
_PAIR_MESSAGES = "mgmt/pair/messages.h"  # plain values

# folder: what it may include besides itself, as folders or single headers
_MAY_INCLUDE = {
    "hal/base": (),
    "hal/linux": (_BASE, *_PLATFORM),
    "hal/fake": (_BASE, *_PLATFORM),
    "hal": (_BASE, _NET),
    "hal/inspect": (_BASE, "hal", _LINUX),
    "dataplane": ("dataplane/io", _CONTROL, _API, _LIMITS, "hal", _BASE, _LINUX),
    "dataplane/net": (_BASE,),
    "dataplane/lb": (_BASE, _NET, _LIMITS),
    "dataplane/sync": (_BASE, _NET, _LB, _LIMITS),
    "dataplane/api": (_BASE, _NET, _LIMITS),
    "dataplane/control": (_BASE, _LINUX, _NET, _LB, _API, _LIMITS),
    "dataplane/io": (_BASE, *_DEVICE, _LINUX, _NET, _LB, "dataplane/sync", _CONTROL, _LIMITS, _API_TYPES,
                     *_LEASE_PAGE, _PULSE_PAGE),
    "mgmt": (_BASE, _LINUX, _NET, _MODEL, _COMMIT, _EVENTS, _ALARMS, _HEALTH, "mgmt/rpc", "mgmt/system",
             "mgmt/pair/client", "mgmt/peer", "mgmt/tracking"),
    "mgmt/model": (_BASE, *_DEVICE, _NET, _LIMITS),
    "mgmt/events": (_BASE,),
    "mgmt/store": (_BASE, _LINUX, _MODEL, _EVENTS, *_REPLICATED),
    "mgmt/commit": (_BASE, _LINUX, _NET, _LIMITS, _API, _MODEL, _STORE, _EVENTS),
    "mgmt/health": (_BASE, _LINUX, _NET, _MODEL),
    "mgmt/tracking": (_BASE, _LINUX, _NET, _MODEL, _HEALTH, _EVENTS, _ALARMS),
    "mgmt/alarms": (_BASE, _LINUX, _MODEL, _STORE, _COMMIT, _EVENTS, DROPS),
    "mgmt/backup": (_BASE, _LINUX, _MODEL, _STORE, _EVENTS),
    "mgmt/metrics": (_BASE,),
    "mgmt/http": (_BASE, _LINUX, _NET, _SOCKET_ADDRESS),
    "mgmt/web": (_BASE, _HTTP),
    "mgmt/notify": (_BASE, _LINUX, _EVENTS),
    "mgmt/syslog": (_BASE, _LINUX, _NET, _EVENTS, _SOCKET_ADDRESS),
    "mgmt/rpc": (_BASE, _LINUX, _MODEL, _STORE, _COMMIT, _BACKUP, _HEALTH, _EVENTS, _ALARMS,
                 DROPS),
    "mgmt/outlets": (_BASE, _NET, _MODEL, _EVENTS, _ALARMS, _HTTP, "mgmt/metrics", "mgmt/web",
                     "mgmt/notify", "mgmt/syslog", "mgmt/rpc"),
    "mgmt/snmp": (_BASE, _NET, _RPC_CLIENT),
    "mgmt/system": (_BASE, "hal", _LINUX, _NET, _MODEL, _EVENTS, _ALARMS),
    "mgmt/pair": (_BASE,),
    "mgmt/pair/daemon": (_BASE, _LINUX, _WATCHDOG, _NET, _LIMITS, _API, "mgmt/pair", "mgmt/pair/wire"),
    "mgmt/replication": (_BASE,),
    "mgmt/pair/wire": (_BASE, _NET, _PAIR_MESSAGES),
    "mgmt/pair/client": (_BASE, _LINUX, _NET, _API, _MODEL, _EVENTS, _ALARMS),
    "mgmt/peer": (_BASE, _LINUX, _MODEL, _STORE, _COMMIT, _EVENTS, _ALARMS, "mgmt/replication",
                  "mgmt/pair/wire", "mgmt/pair/client"),
    "cli": (_BASE, _MODEL, _RPC_CLIENT),
}

_DPDK_FOLDERS = ("dataplane/io", "tests/io", "tests/bench")
_NETSNMP_FOLDERS = ("mgmt/snmp",)
_SQLITE_FOLDERS = ("mgmt/store", "tests/unit/store", "tests/unit/commit")


def may_use_dpdk(folder):
    return folder in _DPDK_FOLDERS


def why_not(source, header, quoted):
    """Empty if the file `source` may include `header`, otherwise the reason."""
    folder = posixpath.dirname(source)
    if header.startswith("rte_") and not may_use_dpdk(folder):
        return f"{header}: DPDK stays in {_DPDK_FOLDERS[0]}"
    if header == "sqlite3.h" and folder not in _SQLITE_FOLDERS:
        return f"{header}: SQLite stays in {_SQLITE_FOLDERS[0]}"
    if header.startswith("net-snmp/") and folder not in _NETSNMP_FOLDERS:
        return f"{header}: Net-SNMP stays in {_NETSNMP_FOLDERS[0]}"
    if not quoted:
        return ""
    if source.startswith("tests/") or posixpath.basename(source) == "main.cpp":
        return ""  # they see everything
    if folder not in _MAY_INCLUDE:
        return f"{folder} has no line in tests/tidy/matrix.py"
    target = posixpath.dirname(header)
    if target == folder or target in _MAY_INCLUDE[folder] or header in _MAY_INCLUDE[folder]:
        return ""
    return f"{folder} may not include {header}"
