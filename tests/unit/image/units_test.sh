#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# systemd itself reads the units: nothing unknown, nothing that does not go together, and little
# left open. Exit status 77: skipped.
set -euo pipefail
units=$1
if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: no systemd-analyze on this machine"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The programs are not installed where this runs: any other that is stands in for them.
for unit in yoke-dataplane yoke-mgmt; do
  sed "s|/usr/sbin/$unit|/bin/true|; /^Documentation=/d" "$units/$unit.service" >"$scratch/$unit.service"
done
said=$(cd "$scratch" && SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no \
  ./yoke-dataplane.service ./yoke-mgmt.service 2>&1 | grep -F yoke- || true)
if [[ -n $said ]]; then
  printf 'systemd-analyze verify says:\n%s\n' "$said"
  exit 1
fi

# Tenths of systemd's measure of exposure: below 5.0 it says "OK" or better.
exposure() {
  systemd-analyze security --offline=yes --no-pager --threshold="$2" "$scratch/$1.service" \
    >"$scratch/report" 2>&1 || {
    tail -n 1 "$scratch/report"
    echo "$1 is more exposed than $2 tenths"
    return 1
  }
  tail -n 1 "$scratch/report"
}
exposure yoke-dataplane 50
exposure yoke-mgmt 20

grep -q '^u yoke ' "$units/sysusers.conf"
grep -q '^d /run/yoke 2770 root yoke' "$units/tmpfiles.conf"
