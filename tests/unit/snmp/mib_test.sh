#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# smilint has nothing to say of the MIB. Exit status 77: skipped.
set -euo pipefail
if ! command -v smilint >/dev/null; then
  echo "skipped: no smilint on this machine"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "path $(dirname "$(readlink -f "$0")")/mibs" >"$scratch/conf"
look() { smilint -c "$scratch/conf" -l 6 "$1" 2>&1; }

said=$(look "$1")
[[ -z $said ]] || { echo "$said"; exit 1; }
# That a fault would be seen at all.
sed 's/SYNTAX Counter64/SYNTAX Counter65/' "$1" >"$scratch/YOKE-MIB.txt"
[[ -n $(look "$scratch/YOKE-MIB.txt") ]] || { echo "smilint takes a type that there is none of"; exit 1; }
