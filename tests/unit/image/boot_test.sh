#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The units as a box runs them: installed over a copy of this machine's file system, started, killed
# and stopped by a systemd that is process 1 of namespaces of its own. Nothing of it is seen outside
# or outlives this script. Exit status 77: skipped.
#
#   boot_test.sh BUILD STORY    the test: what its systemd runs, beside this script
#                               YOKE_PATIENCE: how many times slower it may be (1)
#   boot_test.sh boot ...       within the namespaces: makes the root and becomes systemd
set -euo pipefail
self=$(readlink -f "$0")
folder=$(dirname "$self")
patience=${YOKE_PATIENCE:-1}

# How long a story may take it says itself, where it is long: "# seconds: 200".
seconds_of() {
  local said
  said=$(sed -n 's/^# seconds: //p' "$folder/$1")
  echo $((${said:-80} * patience))
}

skip() {
  echo "skipped: $1"
  exit 77
}

# Files written here stay in memory; what is below is this machine's. Settings of the kernel, which
# are everybody's, are there to read alone.
make_root() {
  mount -t tmpfs tmpfs "$1"
  mkdir "$1"/{upper,spare,root}
  mount -t overlay overlay "$1/root" \
    -o "lowerdir=/,upperdir=$1/upper,workdir=$1/spare"
  mount -t proc proc "$1/root/proc"
  mount --bind "$1/root/proc/sys" "$1/root/proc/sys"
  mount -o remount,bind,ro "$1/root/proc/sys"
  mount -t sysfs -o ro sysfs "$1/root/sys"
  mount -t cgroup2 cgroup2 "$1/root/sys/fs/cgroup"
  local folder device
  for folder in dev run tmp; do
    mount -t tmpfs tmpfs "$1/root/$folder"
  done
  mkdir "$1/root/dev/net" "$1/root/dev/pts" "$1/root/dev/shm"
  mount -t devpts devpts "$1/root/dev/pts"
  ln -s pts/ptmx "$1/root/dev/ptmx"
  for device in null zero full random urandom tty net/tun; do
    touch "$1/root/dev/$device"
    mount --bind "/dev/$device" "$1/root/dev/$device"
  done
}

install_yoke() {
  local build=$1 story=$2 root=$3
  DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
  mkdir -p "$root/etc/yoke" "$root/var/lib"
  rm -rf "$root/var/lib/yoke"
  cp "$folder/board.conf" "$root/etc/yoke/board.conf"
  # The story alone runs, with none of this machine's own units.
  cp "$folder/$story" "$root/usr/bin/yoke-boot-story"
  cp "$folder/story.sh" "$root/usr/lib/yoke-story.sh"
  cp "$folder/boot.target" "$folder/boot-story.service" "$root/etc/systemd/system/"
  local unit
  for unit in "boot-story:$(seconds_of "$story")" "yoke-network:$((60 * patience))"; do
    mkdir "$root/etc/systemd/system/${unit%:*}.service.d"
    printf '[Service]\nTimeoutStartSec=%ds\nEnvironment=YOKE_PATIENCE=%d\n' \
      "${unit#*:}" "$patience" \
      >"$root/etc/systemd/system/${unit%:*}.service.d/patience.conf"
  done
  # Of a build with sanitizers: what they do at the end takes ptrace.
  for unit in yoke-dataplane yoke-mgmt yoke-snmp; do
    mkdir -p "$root/etc/systemd/system/$unit.service.d"
    printf '[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0\n' \
      >"$root/etc/systemd/system/$unit.service.d/sanitizer.conf"
  done
}

boot() {
  local build=$1 story=$2 scratch=$3
  mount --make-rprivate /
  make_root "$scratch/disk"
  local root=$scratch/disk/root
  install_yoke "$build" "$story" "$root"
  ip link set lo up
  ip link add lan0 type veth peer name lan1
  ip link set lan0 up
  ip link set lan1 up
  mkdir -p "$root/before" "$root/result"
  mount --bind "$scratch/result" "$root/result"
  cd "$root"
  pivot_root . before
  umount -l /before
  exec env -i container=other PATH="$PATH" /lib/systemd/systemd --system --unit=boot.target \
    --log-target=console --log-level=notice </dev/null
}

if [[ $1 == boot ]]; then
  boot "$2" "$3" "$4"
fi

[[ $EUID -eq 0 ]] || skip "not root"
# What a story needs of the kernel it says itself: "# needs: vlan bond".
for kind in $(sed -n 's/^# needs: //p' "$folder/$2"); do
  words="link add probe0 type $kind"
  [[ $kind != vlan ]] || words="link add link probe1 name probe0 type vlan id 5"
  # shellcheck disable=SC2016
  unshare --net bash -c 'ip link add probe1 type veth && ip $1' - "$words" 2>/dev/null ||
    skip "the kernel has no interfaces of the kind $kind: tests/run lab -- -k vlans has one that has"
done
[[ -x /lib/systemd/systemd ]] || skip "no systemd on this machine"
for program in yoke-dataplane yoke-mgmt yoke-pair yoke-snmp yoke; do
  [[ -x $1/bin/$program ]] || skip "$program is not built"
done
scratch=$(mktemp -d)
mkdir "$scratch"/{disk,result,cgroup}
group=$scratch/cgroup/yoke-boot-$$
clean() {
  # Process 1 has taken all others with it; their groups are free a moment later.
  for _ in {1..50}; do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [[ -d $group ]] || break
    sleep 0.1
  done
  umount "$scratch/cgroup" 2>/dev/null || true
  rm -rf --one-file-system "$scratch"
}
trap clean EXIT
mount -t cgroup2 cgroup2 "$scratch/cgroup" 2>/dev/null || skip "no control groups to be had here"
mkdir "$group" 2>/dev/null || skip "no control group may be made here"
unshare --mount true 2>/dev/null || skip "no namespaces to be had here"

# shellcheck disable=SC2016
timeout --signal=KILL $(($(seconds_of "$2") + 10 * patience)) \
  bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
  unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup \
  "$self" boot "$1" "$2" "$scratch" >"$scratch/console" 2>&1 || true
if [[ -f $scratch/result/passed ]]; then
  exit 0
fi
cat "$scratch/console" "$scratch/result/story" 2>/dev/null || true
exit 1
