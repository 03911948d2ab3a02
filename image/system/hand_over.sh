#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies what yoke-mgmt wants of the machine to where the machine's programs read it. Those run as
# root or start so, and yoke-mgmt is to have no right over them: sshd would show whoever asks any
# file that a link in place of the banner names. So somebody with no right at all opens what
# yoke-mgmt wrote, and writes plain files, whole and only where they differ.
#
#   hand_over.sh [FROM TO]
set -eu
from=${1:-/run/yoke/system} to=${2:-/run/yoke-system}
bytes_max=65536
umask 022

changed=
replace() {
  mv -fT "$1.new" "$1"
  changed=yes
}

# hand_over FROM TO: a file, or that there is none
hand_over() {
  if [ ! -e "$from/$1" ]; then
    [ ! -e "$to/$2" ] || { rm -f "$to/$2" && changed=yes; }
    return 0
  fi
  if ! head -c "$bytes_max" "$from/$1" >"$to/$2.new"; then
    rm -f "$to/$2.new"  # nothing that yoke-mgmt wrote; the machine keeps what it has
    return 0
  fi
  cmp -s "$to/$2.new" "$to/$2" || replace "$to/$2"
  rm -f "$to/$2.new"
}

# The zone's name becomes a link to it: never one to anywhere else.
hand_over_zone() {
  zone=$(head -c "$bytes_max" "$from/time-zone" 2>/dev/null | head -n 1) || return 0
  case $zone in
    '' | /* | */ | *//* | *[!A-Za-z0-9_+/-]*) return 0 ;;
  esac
  zone=/usr/share/zoneinfo/$zone
  [ -f "$zone" ] || return 0
  [ "$(readlink "$to/localtime" || true)" != "$zone" ] || return 0
  ln -sfT "$zone" "$to/localtime.new"
  replace "$to/localtime"
}

# yoke-mgmt has not been here yet: the machine keeps what it has.
[ -e "$from/resolv.conf" ] || exit 0
mkdir -p "$to/chrony"
# Again while anything changes meanwhile: nobody tells twice.
for _ in 1 2 3 4 5; do
  changed=
  hand_over resolv.conf resolv.conf
  hand_over banner banner
  hand_over chrony.sources chrony/yoke.sources
  hand_over_zone
  [ -n "$changed" ] || break
done
