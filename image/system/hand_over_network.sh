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
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
work=$scratch/now before=$scratch/before  # what is to be there

name_of() {
  name=${1##*/00-yoke-}
  name=${name%.*}
}

is_good() {  # FILE KIND NAME
  case $3 in
    '' | *[!A-Za-z0-9._-]*) return 1 ;;
  esac
  [ "$(wc -c <"$1")" -le "$bytes_max" ] && [ "$(tr -d '\n -~' <"$1" | wc -c)" -eq 0 ] &&
    YOKE_KIND=$2 YOKE_NAME=$3 awk -f "$check" "$1"
}

# Of what may be a fifo or a link by the time that it is opened.
copy() {  # FILE
  [ -f "$1" ] && [ ! -L "$1" ] && timeout 2 head -c "$((bytes_max + 1))" "$1" >"$scratch/copy"
}

# Looked at before: what is there, and what the look before this one let pass.
is_known() {  # FILE BASE
  cmp -s "$1" "$to/$2" || cmp -s "$1" "$before/$2"
}

# Where a file is none of ours the one before stays.
take() {
  rm -rf "$work"
  mkdir "$work"
  : >"$scratch/told"
  count=0
  for file in "$from"/network/00-yoke-*.network "$from"/network/00-yoke-*.netdev; do
    [ -e "$file" ] || [ -L "$file" ] || continue
    base=${file##*/}
    count=$((count + 1))
    [ "$count" -le "$files_max" ] || break
    name_of "$file"
    if copy "$file" && { is_known "$scratch/copy" "$base" ||
      is_good "$scratch/copy" "${base##*.}" "$name"; }; then
      mv "$scratch/copy" "$work/$base"
    else
      echo "not taken: $base is no file that yoke-mgmt writes" >>"$scratch/told"
      [ ! -f "$to/$base" ] || cp "$to/$base" "$work/$base"
    fi
  done
}

# yoke-mgmt writes one file after the other: half of a commit is not to be handed over.
settle() {
  for _ in 1 2 3 4 5; do
    rm -rf "$before"
    mv "$work" "$before"
    sleep 0.1
    take
    ! diff -r "$before" "$work" >/dev/null || return 0
  done
}

tell() {  # what was not taken, once
  ! cmp -s "$scratch/told" "$scratch/said" || return 0
  cat "$scratch/told" >&2
  mv "$scratch/told" "$scratch/said"
}

exists() { [ -e "/sys/class/net/$1" ]; }

value_of() {  # KEY FILE
  sed -n "s/^$1=//p" "$2" 2>/dev/null || true
}

is_kind() {  # KIND NAME
  grep -qx "DEVTYPE=$1" "/sys/class/net/$2/uevent" 2>/dev/null
}

# A VLAN or bond that is there of our file, and of none else: networkd deletes none.
delete_made() {  # FILE
  name_of "$1"
  [ ! -e "$to/.yoke-found-$name" ] || return 0
  is_kind "$(value_of Kind "$1")" "$name" || return 0
  networkctl delete "$name" || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    exists "$name" || return 0
    sleep 0.1
  done
}

# networkd makes a VLAN of a name that it once had with the number of then. What is there already it
# takes as it is; what cannot be made now it makes itself.
make_vlan() {  # FILE NAME
  for parent in $(grep -lxF "VLAN=$2" "$to"/00-yoke-*.network 2>/dev/null); do
    name_of "$parent"
    exists "$name" || return 0
    ip link add link "$name" name "$2" type vlan id "$(value_of Id "$1")" || true
    return 0
  done
}

vlan_files() { grep -lx Kind=vlan "$to"/00-yoke-*.netdev 2>/dev/null; }

number_of() {  # NAME
  ip -d -o link show dev "$1" 2>/dev/null |
    sed -n 's/.* vlan protocol 802\.1Q id \([0-9]*\) .*/\1/p'
}

# What is wrong, or comes to be, with no file changing: networkd makes a VLAN whose parent comes late
# with the number that it first read; a VLAN's MTU, cut to its parent's, stays so when that grows; a
# member is out of its bond.
mend_vlan() {  # FILE NAME
  number=$(number_of "$2")
  if [ -n "$number" ] && [ "$number" != "$(value_of Id "$1")" ]; then
    delete_made "$1"
    exists "$2" || make_vlan "$1" "$2"
  fi
  mtu=$(value_of MTUBytes "${1%.netdev}.network")
  [ -z "$mtu" ] || [ "$(cat "/sys/class/net/$2/mtu")" = "$mtu" ] ||
    ip link set dev "$2" mtu "$mtu" 2>/dev/null || true
}

mend_member() {  # NAME BOND
  exists "$1" && is_kind bond "$2" || return 0
  ! readlink "/sys/class/net/$1/master" >/dev/null 2>&1 || return 0
  ip link set dev "$1" down || return 0
  ip link set dev "$1" master "$2" || true
}

mend() {
  for file in $(grep -l '^Bond=' "$to"/00-yoke-*.network 2>/dev/null); do
    name_of "$file"
    mend_member "$name" "$(value_of Bond "$file")"
  done
  for file in $(vlan_files); do
    name_of "$file"
    ! exists "$name" || [ -e "$to/.yoke-found-$name" ] || mend_vlan "$file" "$name"
  done
}

# Not bonds: networkd makes those with what it reads now. Of one that was made before it read the file
# it waits for word from the kernel, and leaves its members out until then.
make_vlans() {
  for file in $(vlan_files); do
    name_of "$file"
    made=$name
    exists "$made" || make_vlan "$file" "$made"
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

# A VLAN or bond of the machine's own is not ours to delete.
note_found() {  # FILE
  name_of "$1"
  [ -e "$1" ] || ! exists "$name" || : >"$to/.yoke-found-$name"
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

has_line() {  # START FILE
  grep -q "^$1" "$2" 2>/dev/null
}

leaves_traces() {  # BEFORE AFTER
  for trace in MTUBytes= ActivationPolicy=down Bond=; do
    ! has_line "$trace" "$1" || has_line "$trace" "$2" || return 0
  done
  return 1
}

# A member of no bond any more, which networkd leaves in it.
release() {  # NAME BOND
  master=$(readlink "/sys/class/net/$1/master" 2>/dev/null) || return 0
  [ "${master##*/}" != "$2" ] || ip link set dev "$1" nomaster || true
}

part_with() {
  parting=
  for file in "$to"/00-yoke-*.network; do
    [ -e "$file" ] && ! cmp -s "$file" "$work/${file##*/}" || continue
    name_of "$file"
    exists "$name" && leaves_traces "$file" "$work/${file##*/}" || continue
    bond=$(value_of Bond "$file")
    [ -z "$bond" ] || has_line Bond= "$work/${file##*/}" || release "$name" "$bond"
    write_parting "$name" >"$scratch/parting"
    put "$scratch/parting" "$file"
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

# Before networkd is told of anything: it would make what was deleted again.
replace_netdevs() {
  for file in "$to"/00-yoke-*.netdev; do
    [ -e "$file" ] && ! cmp -s "$file" "$work/${file##*/}" || continue
    delete_made "$file"
    if [ -e "$work/${file##*/}" ]; then
      put "$work/${file##*/}" "$file"
    else
      rm -f "$file" "$to/.yoke-found-$name"
    fi
  done
}

hand_over() {
  touch "$to/.yoke-told-not"
  replace_netdevs
  part_with
  for file in "$to"/00-yoke-*; do
    [ -e "$file" ] && [ ! -e "$work/${file##*/}" ] || continue
    name_of "$file"
    rm -f "$file" "$to/.yoke-mtu-$name"
  done
  for file in "$work"/00-yoke-*; do
    [ -e "$file" ] && ! cmp -s "$file" "$to/${file##*/}" || continue
    case $file in
      *.netdev) note_found "$to/${file##*/}" ;;
      *) note_mtu "$to/${file##*/}" ;;
    esac
    put "$file" "$to/${file##*/}"
  done
}

# Again while anything changes meanwhile.
for _ in 1 2 3 4 5; do
  take
  ! differs || settle
  tell
  if differs; then
    hand_over
  elif [ ! -e "$to/.yoke-told-not" ]; then
    break
  fi
  make_vlans
  networkctl reload
  rm -f "$to/.yoke-told-not"
  touch "$to/.yoke-told"
done
# networkd may still be at what it was told.
[ -n "$(find "$to/.yoke-told" -newermt '10 seconds ago' 2>/dev/null)" ] || mend
