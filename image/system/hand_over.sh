#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Copies what yoke-mgmt wants of the machine to where the machine's programs read it. Those run as
# root or start so, and yoke-mgmt is to have no right over them: sshd would show whoever asks any
# file that a link in place of the banner names. So somebody with no right at all opens what
# yoke-mgmt wrote, and writes plain files, whole and only where they differ.
#
#   hand_over.sh [FROM TO OWN]    OWN: the resolv.conf that counts while none is configured
set -eu
from=${1:-/run/yoke/system} to=${2:-/run/yoke-system} own=${3:-/etc/yoke/resolv.conf}
zones=/usr/share/zoneinfo
bytes_max=65536
umask 022

# In no folder that a unit watches: that sees a file only when it is whole.
new=$to/.new
changed=
replace() {
  mv -fT "$new" "$1"
  changed=yes
}

# hand_over FROM TO: a file, or that there is none
hand_over() {
  if [ ! -e "$1" ]; then
    [ ! -e "$2" ] || { rm -f "$2" && changed=yes; }
    return 0
  fi
  if head -c "$bytes_max" "$1" >"$new"; then
    cmp -s "$new" "$2" || replace "$2"
  fi  # else nothing that yoke-mgmt wrote; the machine keeps what it has
  rm -f "$new"
}

# An empty resolv.conf, or none, would have the machine ask itself.
hand_over_names() {
  if [ -e "$from/resolv.conf" ]; then
    hand_over "$from/resolv.conf" "$to/resolv.conf"
  else
    hand_over "$own" "$to/resolv.conf"
  fi
}

# The zone's name becomes a link to it: never one to anywhere else.
hand_over_zone() {
  zone=$(head -c "$bytes_max" "$from/time-zone" 2>/dev/null | head -n 1) || return 0
  case $zone in
    '' | /* | */ | *//* | *[!A-Za-z0-9_+/-]*) return 0 ;;
    localtime) return 0 ;;  # Debian's link to what is set here
  esac
  zone=$zones/$zone
  [ -f "$zone" ] && [ "$(head -c 4 "$zone" | tr -d '\0')" = TZif ] || return 0
  [ "$(readlink "$to/localtime" || true)" != "$zone" ] || return 0
  ln -sfT "$zone" "$new"
  replace "$to/localtime"
}

# yoke-mgmt has not been here yet: the machine keeps what it has.
[ -e "$from/time-zone" ] || exit 0
mkdir -p "$to/chrony"
rm -f "$new"
# Again while anything changes meanwhile: what comes while this runs is told by nobody before
# yoke-system.timer.
for _ in 1 2 3 4 5; do
  changed=
  hand_over_names
  hand_over "$from/banner" "$to/banner"
  hand_over "$from/chrony.sources" "$to/chrony/yoke.sources"
  hand_over_zone
  [ -n "$changed" ] || break
done
