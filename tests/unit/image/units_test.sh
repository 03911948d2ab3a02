#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# systemd itself reads what is installed: nothing unknown, nothing that does not go together, and
# little left open. Exit status 77: skipped.
set -euo pipefail
units=$1

for tool in systemd-analyze systemd-sysusers systemd-tmpfiles; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: no $tool on this machine"
    exit 77
  fi
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The programs are not installed where this runs: one that is stands in for them.
for unit in "$units"/*.{service,path,timer}; do
  sed -E 's|^(ExecStart=)/usr/(sbin\|lib)/yoke.*|\1/bin/true|; /^Documentation=/d' "$unit" \
    >"$scratch/${unit##*/}"
done

# Its exit status tells of faults that keep a unit from loading; what it only warns of, a word that
# it does not know, is on standard error, among what it finds in this machine's own units.
verify() {
  local status=0 said
  said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$@" 2>&1) || status=$?
  said=$(grep -F "$scratch/" <<<"$said" || true)
  if [[ $status -ne 0 || -n $said ]]; then
    printf 'systemd-analyze verify (exit status %d): %s\n' "$status" "$said"
    return 1
  fi
}
verify "$scratch"/*.{service,path,timer}

# That a fault would be seen at all.
sed 's/^WatchdogSec=.*/&\nWatchdogDog=1/' "$scratch/yoke-mgmt.service" >"$scratch/broken.service"
if verify "$scratch/broken.service" >/dev/null; then
  echo "systemd-analyze verify takes a unit with a key that there is none of"
  exit 1
fi

# systemd's measure of exposure, in tenths: from 50 on it says "MEDIUM".
exposure() {
  if ! systemd-analyze security --offline=yes --no-pager --threshold="$2" \
    "$scratch/$1.service" >"$scratch/report"; then
    cat "$scratch/report"
    echo "$1 is more exposed than $2 tenths"
    return 1
  fi
  tail -n 1 "$scratch/report"
}
exposure yoke-dataplane 46
# Eight tenths of it are the namespaces that scripts of checks are walled in by, three that it may ask
# whether NTP keeps the clock, and see whether a process that is tracked runs.
exposure yoke-mgmt 25
exposure yoke-pair 25
exposure yoke-snmp 14
exposure yoke-system 14
exposure yoke-chrony 14
exposure yoke-network 17

# The user and the folders, made below a root of the test's own.
mkdir -p "$scratch/root/etc"
systemd-sysusers --root="$scratch/root" "$units/sysusers.conf"
uid=$(sed -n 's/^yoke:[^:]*:\([0-9]*\):.*/\1/p' "$scratch/root/etc/passwd")
gid=$(sed -n 's/^yoke:[^:]*:\([0-9]*\):.*/\1/p' "$scratch/root/etc/group")
grep -q '^yoke:[^:]*:[^:]*:yoke-snmp$' "$scratch/root/etc/group" ||
  { echo "systemd-sysusers made no yoke-snmp of the group yoke"; exit 1; }
[[ -n $uid && -n $gid ]] || { echo "systemd-sysusers made no user and group yoke"; exit 1; }
if [[ $EUID -ne 0 ]]; then
  echo "not root: whose the folders are is not looked at"
  exit 0
fi
systemd-tmpfiles --root="$scratch/root" --create "$units/tmpfiles.conf"
owner=$(stat -c '%a %u %g' "$scratch/root/run/yoke")
[[ $owner == "750 $uid $gid" ]] || { echo "/run/yoke is made as $owner"; exit 1; }
for folder in notify checks; do
  owner=$(stat -c '%a %u %g' "$scratch/root/etc/yoke/$folder")
  [[ $owner == "755 0 0" ]] || { echo "/etc/yoke/$folder is made as $owner"; exit 1; }
done
owner=$(stat -c '%a' "$scratch/root/run/yoke-system")
[[ $owner == 755 ]] || { echo "/run/yoke-system is made as $owner"; exit 1; }
