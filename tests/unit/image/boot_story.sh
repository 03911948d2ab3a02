#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What boot_test.sh looks at, from within: the one service that its systemd starts. Says what it does
# in /result/story, and at the end that it came through.
set -Eeuxo pipefail
trap 'systemctl status --no-pager -l "yoke-*"' ERR
# shellcheck source=tests/unit/image/story.sh
source /usr/lib/yoke-story.sh

main_pid() { systemctl show -p MainPID --value "$1"; }
restarts() { systemctl show -p NRestarts --value "$1"; }
came_back() { [[ $(restarts "$1") -eq $2 && $(systemctl is-active "$1") == active ]]; }
capabilities() { sed -n 's/^CapEff:\t//p' "/proc/$(main_pid "$1")/status"; }

systemd-sysusers
systemd-tmpfiles --create --prefix=/run/yoke --prefix=/etc/yoke

# Without the data plane there is still somebody to ask why.
systemctl start yoke-mgmt
says 'DATAPLANE +unreachable'
systemctl start yoke-dataplane
until_holds says 'DATAPLANE +running'
yoke -c 'set pool web server 10.9.0.11:80' -c 'set vip web 203.0.113.10:80/tcp pool web' -c commit

# Members of the group get in, others do not.
setpriv --reuid=nobody --regid=yoke --clear-groups yoke show vip | grep -q '^web '
if setpriv --reuid=nobody --regid=nogroup --clear-groups yoke show vip; then exit 1; fi
[[ $(stat -c '%U %a' /run/yoke/mgmt.sock /var/lib/yoke/config.db | sort -u) == $'yoke 600\nyoke 660' ]]

[[ $(capabilities yoke-mgmt) == 0000000000000000 ]]
[[ $(capabilities yoke-dataplane) != 0000000000000000 ]]

# A check by a script: as the unit that is started, without root, and within walls all the same.
cat >/etc/yoke/checks/walls <<'EOF'
#!/bin/bash
# What it finds open is in its status.
[[ $(id -un) == yoke ]] || exit 1
grep -q 'CapEff:.0000000000000000' /proc/self/status || exit 2
[[ -z $(ls /run/yoke; ls /var/lib/yoke; ls /tmp) && $(ls /etc/yoke) == checks ]] || exit 3
[[ -z $(pgrep yoke-mgmt 2>/dev/null) ]] || exit 4
for folder in / /etc/yoke /etc/yoke/checks /run/yoke /var/lib/yoke /var/tmp; do
  if touch "$folder/mark" 2>/dev/null; then exit 5; fi
done
touch /tmp/mark || exit 6
if unshare --user true 2>/dev/null || mount -t tmpfs none /tmp 2>/dev/null; then exit 7; fi
echo kept in
EOF
chmod 755 /etc/yoke/checks/walls
# Without walls all of that is open, to root.
pgrep yoke-mgmt
unshare --user true
yoke -c 'set pool tried server 10.9.0.11:80' \
  -c 'set pool tried check script program walls interval 30s timeout 20s' \
  -c 'test check tried 10.9.0.11:80' >/run/tried || true
grep -q 'said last: kept in' /run/tried || { cat /run/tried; exit 1; }

# Killed, each comes back, and what was committed is forwarded again.
for unit in yoke-mgmt yoke-dataplane; do
  kill -KILL "$(main_pid "$unit")"
  until_holds came_back "$unit" 1
done
until_holds says 'VIPS +1 of 1 up'

# Hung, the watchdog ends it.
kill -STOP "$(main_pid yoke-dataplane)"
until_holds came_back yoke-dataplane 2
until_holds says 'VIPS +1 of 1 up'
[[ $(restarts yoke-mgmt) -eq 1 ]]

# By SNMP, with Debian's snmpd as its package starts it; who asks for that may read and no more.
cp /usr/share/yoke/snmp/snmpd.conf /etc/snmp/snmpd.conf.d/yoke.conf
echo 'rocommunity story 127.0.0.1' >>/etc/snmp/snmpd.conf.d/yoke.conf
systemctl start snmpd yoke-snmp
yoke -c 'set snmp enabled yes' -c commit
answers() { [[ $(snmpget -v2c -c story -Oqv 127.0.0.1 1.3.6.1.4.1.32473.1.1.1.1.0) == 1 ]]; }
until_holds answers
[[ $(capabilities yoke-snmp) == 0000000000000000 ]]
as_reader() { setpriv --reuid=yoke-snmp --regid=yoke --clear-groups "$@"; }
as_reader yoke show vip | grep -q '^web '
refused=$(as_reader yoke -c 'set system name other' -c commit 2>&1) && exit 1
grep -q 'E-413' <<<"$refused"
# Nor may it go past the management plane: the data plane asks for no role.
speak='import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/yoke/dataplane.sock")
s.settimeout(10); print(s.recv(1000).decode())'
as_reader python3 -c "$speak" | grep -q 'E-602'

units='yoke-dataplane yoke-mgmt yoke-snmp'
# shellcheck disable=SC2086
systemctl stop $units
# shellcheck disable=SC2086
[[ $(systemctl show -p Result --value $units | sort -u | xargs) == success ]]
touch /result/passed
