#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What boot_test.sh looks at: that the machine takes its settings from the configuration. The real
# sshd, chronyd and glibc read them, as on a box; who is nobody there gets in by none of it.
set -Eeuxo pipefail
trap 'systemctl status --no-pager -l "yoke-*"; ls -lR /run/yoke/system /run/yoke-system' ERR
# shellcheck source=tests/unit/image/story.sh
source /usr/lib/yoke-story.sh

# log_in USER KEY
log_in() {
  ssh -F none -i "$2" -p 2222 -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=/dev/null \
    -o StrictHostKeyChecking=no "$1@127.0.0.1" id -un 2>/tmp/ssh.err
}

systemd-sysusers
systemd-tmpfiles --create --prefix=/run/yoke --prefix=/run/yoke-system
echo 'nameserver 127.0.0.99' >/etc/yoke/resolv.conf
systemd-tmpfiles --create /usr/share/yoke/system/tmpfiles.conf
systemctl start yoke-system.{path,timer} yoke-chrony.{path,timer} yoke-mgmt yoke-system yoke-dataplane
until_holds says 'DATAPLANE +running'

# ann uses the unit, bob only the machine; cleo owns it. A password that nobody has is not a locked
# account.
for user in ann bob cleo; do useradd --create-home --password '*' "$user"; done
usermod --append --groups yoke ann
usermod --append --groups yoke,sudo cleo
mkdir -p /tmp/keys /run/sshd
for key in laptop desk; do ssh-keygen -q -t ed25519 -N '' -f /tmp/keys/$key -C "ann's $key"; done
ssh-keygen -q -t ecdsa -N '' -f /tmp/keys/office -C 'ann in the office'
ssh-keygen -A
/usr/sbin/sshd -t
takes_keys_from() {
  /usr/sbin/sshd -T -C "user=$1,host=x,addr=127.0.0.1" | sed -n 's/^authorizedkeyscommand //p'
}
[[ $(takes_keys_from ann) == */run/yoke/system/ssh-keys/* ]]
for user in bob cleo root yoke; do [[ $(takes_keys_from $user) == none ]]; done
/usr/sbin/sshd -D -E /tmp/sshd.log -p 2222 -o ListenAddress=127.0.0.1 -o UsePAM=no &
until_holds bash -c ': >/dev/tcp/127.0.0.1/2222'
chronyd -x -d -U >/tmp/chronyd.log 2>&1 &
until_holds test -S /run/chrony/chronyd.sock
dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces \
  --listen-address=127.0.0.1 --address=/printer.lab.test/192.0.2.9

# Without a DNS server of the configuration the machine asks its own.
until_holds grep -q '^nameserver 127.0.0.99$' /etc/resolv.conf

commit 'set system time-zone Asia/Tokyo dns-server 127.0.0.1 dns-search lab.test' \
  'set system ntp-server 192.0.2.123 banner "Hands off"' 'set user ann admin' 'set user bob viewer' \
  "set user ann ssh-key laptop \"$(cat /tmp/keys/laptop.pub)\"" \
  "set user ann ssh-key office \"$(cat /tmp/keys/office.pub)\"" \
  "set user bob ssh-key laptop \"$(cat /tmp/keys/laptop.pub)\""
until_holds grep -q '^nameserver 127.0.0.1$' /etc/resolv.conf
until_holds grep -q 'Hands off' /run/yoke-system/banner
yoke show system | grep -q 'Asia/Tokyo'

# The time zone; names, for anybody; the clock's servers.
[[ $(as nobody date +%Z) == JST ]]
[[ $(as nobody getent hosts printer) == 192.0.2.9* ]]
has_source() { chronyc -n sources | grep -qF " $1 "; }
until_holds has_source 192.0.2.123

# Each key lets its user in, who is told the banner first; it lets in nobody else.
[[ $(log_in ann /tmp/keys/laptop) == ann ]]
grep -q '^Hands off' /tmp/ssh.err
[[ $(log_in ann /tmp/keys/office) == ann ]]
fails log_in ann /tmp/keys/desk
fails log_in bob /tmp/keys/laptop
fails log_in root /tmp/keys/laptop

# Nobody becomes root by a commit: the keys of whoever may are in their home alone.
as cleo bash -c 'mkdir -m 700 ~/.ssh; cp /tmp/keys/desk.pub ~/.ssh/authorized_keys'
commit 'set user cleo viewer' "set user cleo ssh-key laptop \"$(cat /tmp/keys/laptop.pub)\""
test -e /run/yoke/system/ssh-keys/cleo
fails log_in cleo /tmp/keys/laptop
[[ $(log_in cleo /tmp/keys/desk) == cleo ]]

# A key that is taken away ends at once, also where its user has put it aside.
as ann bash -c 'mkdir -m 700 ~/.ssh; cp /tmp/keys/laptop.pub ~/.ssh/authorized_keys'
commit 'delete user ann ssh-key laptop' 'delete system banner' 'set system ntp-server 192.0.2.124'
fails log_in ann /tmp/keys/laptop
[[ $(log_in ann /tmp/keys/office) == ann ]]
until_holds fails test -e /run/yoke-system/banner
log_in ann /tmp/keys/office
fails grep -q 'Hands off' /tmp/ssh.err
until_holds has_source 192.0.2.124
fails has_source 192.0.2.123

# What no path unit tells of is found nevertheless.
systemctl stop yoke-system.path yoke-chrony.path
commit 'set system ntp-server 192.0.2.125' 'delete system dns-server'
until_holds has_source 192.0.2.125
until_holds grep -q '^nameserver 127.0.0.99$' /etc/resolv.conf
systemctl start yoke-system.path yoke-chrony.path

# Whoever has yoke-mgmt's rights has not root's: no key of root counts, and no file that
# root may read is shown.
as yoke cp /tmp/keys/desk.pub /run/yoke/system/ssh-keys/root
fails log_in root /tmp/keys/desk
fails grep -E 'Accepted publickey for (root|bob) ' /tmp/sshd.log
as yoke ln -s /etc/shadow /run/yoke/system/banner
as yoke bash -c 'echo ../../../etc/shadow >/run/yoke/system/time-zone'
systemctl start yoke-system
fails test -e /run/yoke-system/banner
as yoke bash -c 'echo localtime >/run/yoke/system/time-zone'
systemctl start yoke-system
as yoke bash -c 'echo leapseconds >/run/yoke/system/time-zone'
systemctl start yoke-system
[[ $(readlink -f /etc/localtime) == /usr/share/zoneinfo/Asia/Tokyo ]]

# A viewer who takes every connection that is to be had keeps nobody else out.
usermod --append --groups yoke bob
as bob python3 -c '
import socket, time
held = [socket.socket(socket.AF_UNIX) for _ in range(100)]
for each in held:
    each.connect("/run/yoke/mgmt.sock")
open("/tmp/held", "w").close()
time.sleep(60)' &
holder=$!
until_holds test -e /tmp/held
yoke show version
as ann yoke show version
fails as bob yoke show version 2>/tmp/bob.err
grep -q 'user bob has 16 connections' /tmp/bob.err
kill "$holder"

systemctl stop yoke-dataplane yoke-mgmt
[[ $(systemctl show -p Result --value yoke-system yoke-chrony yoke-mgmt | sort -u | xargs) == success ]]
touch /result/passed
