#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# systemd itself reads the unit: nothing unknown in it, and little left open. Exit status 77: skipped.
set -euo pipefail

if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: no systemd-analyze on this machine"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# The program is not installed where this runs.
sed -E 's|^(ExecStart=)/usr/sbin/yoke-board.*|\1/bin/true|; /^Documentation=/d' "$1" \
  >"$scratch/yoke-hardware.service"
said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$scratch/yoke-hardware.service" 2>&1 |
  grep -F "$scratch/" || true)
[[ -z $said ]] || { echo "$said"; exit 1; }
systemd-analyze security --offline=yes --no-pager --threshold=30 "$scratch/yoke-hardware.service" \
  >"$scratch/report" || { cat "$scratch/report"; exit 1; }
tail -n 1 "$scratch/report"
