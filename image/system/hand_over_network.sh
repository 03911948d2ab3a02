#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gives systemd-networkd what yoke-mgmt wants of the unit's interfaces. networkd may do more than
# yoke-mgmt is to have any part in, so nothing is taken but the very lines that yoke-mgmt writes
# (network_file.awk), and nothing by reference: what is checked is a copy. Runs as networkd's own
# user. Interfaces that are configured no more are given back as they were.
#
#   hand_over_network.sh [FROM TO BOARD]
set -eu
export LC_ALL=C
from=${1:-/run/yoke/system} to=${2:-/run/systemd/network}
board=${3:-/etc/yoke/board.conf}
links=/run/systemd/netif/links
check=$(dirname "$0")/network_file.awk
bytes_max=262144 files_max=1024
umask 022

# yoke-mgmt has not been here yet: the machine keeps what it has.
[ -e "$from/time-zone" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

name_of() {
  name=${1##*/00-yoke-}
  name=${name%.*}
}

is_good() {  # FILE KIND NAME
  [ "$(wc -c <"$1")" -le "$bytes_max" ] && [ "$(tr -d '\n -~' <"$1" | wc -c)" -eq 0 ] &&
    awk -v kind="$2" -v name="$3" -f "$check" "$1"
}

# What is to be there, in $work. Where a file is none of ours the one before stays.
take() {
  rm -f "$work"/*
  count=0
  for file in "$from"/network/00-yoke-*.network "$from"/network/00-yoke-*.netdev; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    base=${file##*/}
    count=$((count + 1))
    [ "$count" -le "$files_max" ] || break
    name_of "$file"
    if [ -f "$file" ] && [ ! -L "$file" ] && head -c "$((bytes_max + 1))" "$file" >"$work/.copy" &&
      is_good "$work/.copy" "${base##*.}" "$name"; then
      mv "$work/.copy" "$work/$base"
    else
      echo "not taken: $base is no file that yoke-mgmt writes" >&2
      [ ! -f "$to/$base" ] || cp "$to/$base" "$work/$base"
    fi
  done
}

exists() { [ -e "/sys/class/net/$1" ]; }

# A VLAN or bond that networkd made of our file, and of none else: networkd deletes none.
delete_made() {  # FILE
  name_of "$1"
  kind=$(sed -n 's/^Kind=//p' "$1")
  grep -qx "DEVTYPE=$kind" "/sys/class/net/$name/uevent" 2>/dev/null || return 0
  networkctl delete "$name" || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    exists "$name" || return 0
    sleep 0.1
  done
}

# The board file's, of a port's twin; of others what it was when it was first taken.
mtu_before() {  # NAME
  mtu=$(awk -v port="[port.$1]" '
    { gsub(/[ \t]/, ""); sub(/#.*/, "") }
    /^\[/ { inside = $0 == port; if (inside) mtu = 1500 }
    inside && sub(/^mtu=/, "") { mtu = $0 + 0 }
    END { if (mtu) print mtu }' "$board" 2>/dev/null) || mtu=
  [ -n "$mtu" ] || mtu=$(cat "$to/.yoke-mtu-$1" 2>/dev/null) || mtu=1500
}

note_mtu() {  # FILE
  name_of "$1"
  [ -e "$1" ] || ! exists "$name" || cat "/sys/class/net/$name/mtu" >"$to/.yoke-mtu-$name"
}

# What networkd sets and leaves so where nobody configures it any more: the MTU, and that an
# interface is down. Like this it takes both back.
write_parting() {  # NAME
  mtu_before "$1"
  printf '[Match]\nName=%s\n\n[Link]\nMTUBytes=%s\nActivationPolicy=up\n' "$1" "$mtu"
  printf 'RequiredForOnline=no\n\n[Network]\nKeepConfiguration=yes\n'
  printf 'ConfigureWithoutCarrier=yes\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n'
}

until_configured() {  # NAME
  index=$(cat "/sys/class/net/$1/ifindex") || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.3
    ! grep -qx 'ADMIN_STATE=configured' "$links/$index" 2>/dev/null || return 0
  done
}

put() {  # FROM TO: whole, or not at all
  cp "$1" "$to/.yoke-new"
  mv -f "$to/.yoke-new" "$2"
}

leaves_traces() {  # BEFORE AFTER
  if [ -e "$2" ]; then
    grep -q '^MTUBytes=' "$1" && ! grep -q '^MTUBytes=' "$2"
  else
    grep -qE '^(MTUBytes=|ActivationPolicy=down)' "$1"
  fi
}

part_with() {
  parting=
  for file in "$to"/00-yoke-*.network; do
    [ -e "$file" ] || continue
    name_of "$file"
    exists "$name" && leaves_traces "$file" "$work/${file##*/}" || continue
    write_parting "$name" >"$work/.parting"
    put "$work/.parting" "$file"
    parting="$parting $name"
  done
  [ -n "$parting" ] || return 0
  networkctl reload
  for name in $parting; do until_configured "$name"; done
}

differs() {
  for file in "$work"/00-yoke-*; do
    [ ! -e "$file" ] || cmp -s "$file" "$to/${file##*/}" || return 0
  done
  for file in "$to"/00-yoke-*; do
    [ ! -e "$file" ] || [ -e "$work/${file##*/}" ] || return 0
  done
  return 1
}

hand_over() {
  touch "$to/.yoke-told-not"
  for file in "$to"/00-yoke-*.netdev; do
    [ ! -e "$file" ] || cmp -s "$file" "$work/${file##*/}" || delete_made "$file"
  done
  part_with
  for file in "$to"/00-yoke-*; do
    [ -e "$file" ] && [ ! -e "$work/${file##*/}" ] || continue
    name_of "$file"
    rm -f "$file" "$to/.yoke-mtu-$name"
  done
  for file in "$work"/00-yoke-*; do
    [ -e "$file" ] && ! cmp -s "$file" "$to/${file##*/}" || continue
    note_mtu "$to/${file##*/}"
    put "$file" "$to/${file##*/}"
  done
}

# Again while anything changes meanwhile.
for _ in 1 2 3 4 5; do
  take
  if differs; then
    hand_over
  elif [ ! -e "$to/.yoke-told-not" ]; then
    break
  fi
  networkctl reload
  rm -f "$to/.yoke-told-not"
done
