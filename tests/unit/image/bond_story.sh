#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What boot_test.sh looks at: that VLANs and bonds are made as configured, and are gone with that, by
# the real systemd-networkd.
# needs: vlan bond
# seconds: 200
set -Eeuxo pipefail
trap 'systemctl status --no-pager -l "yoke-*" systemd-networkd; ip -d address; ip route
  head -n 50 /run/systemd/network/00-yoke-* /run/yoke/system/network/*' ERR
# shellcheck source=tests/unit/image/story.sh
source /usr/lib/yoke-story.sh

is() { ip -d -o link show dev "$1" | grep -qE "$2"; }
has_mtu() { [[ $(cat "/sys/class/net/$1/mtu") == "$2" ]]; }
shows() { yoke show "$1" | grep -qE "^$2"; }
alarms() { yoke show alarm --json | tr '{' '\n' | grep -F '"state":"raised"' | grep -qF "$1"; }

systemd-sysusers
systemd-tmpfiles --create --prefix=/run/yoke --prefix=/run/yoke-system --prefix=/run/systemd
for port in mg ea eb ec; do
  ip link add "${port}0" type veth peer name "${port}1"
  ip link set "${port}1" up
done
# One that the machine itself has an address for.
cat >/etc/systemd/network/20-ec0.network <<'END'
[Match]
Name=ec0
[Network]
Address=10.6.0.2/24
END
systemctl start dbus systemd-networkd yoke-network.path yoke-network.timer yoke-mgmt yoke-dataplane
until_holds says 'DATAPLANE +running'

commit 'set interface mg0 10.7.0.2/24' 'set interface mg0.10 10.8.0.2/24 vlan 10 parent mg0' \
  'set interface bond0 10.9.0.2/24 members ea0,eb0' \
  'set interface bond0.20 10.10.0.2/24 vlan 20 parent bond0 mtu 1400' \
  'set route 10.30.0.0/16 gateway 10.10.0.9'
until_holds has mg0.10 10.8.0.2/24
until_holds is mg0.10 'vlan protocol 802.1Q id 10 '
until_holds has bond0 10.9.0.2/24
until_holds is bond0 'bond mode active-backup .*miimon 100 '
until_holds is ea0 'master bond0 '
until_holds is eb0 'master bond0 '
until_holds has bond0.20 10.10.0.2/24
until_holds is bond0.20 'mtu 1400 '
until_holds shows address 'mg0.10 +up +1500 +10.8.0.2/24 +configuration$'
until_holds shows address 'bond0 +up +1500 +10.9.0.2/24 +configuration$'
until_holds shows address 'bond0.20 +up +1400 +10.10.0.2/24 +configuration$'
until_holds shows route '10.30.0.0/16 +10.10.0.9 +bond0.20 +1 +set +configuration$'

# What carries a VLAN is not there: it is told, and over once it is, whatever the number was before.
commit 'set interface late0' 'set interface late0.40 10.11.0.2/24 vlan 40 parent late0'
until_holds shows address 'late0.40 +missing +- +10.11.0.2/24 +configuration$'
until_holds grep -qx Id=40 /run/systemd/network/00-yoke-late0.40.netdev
commit 'set interface late0.40 vlan 41'
until_holds grep -qx Id=41 /run/systemd/network/00-yoke-late0.40.netdev

# Other than they were: networkd changes neither by itself.
commit 'set interface mg0.10 vlan 11' 'set interface bond0 mode 802.3ad'
until_holds is mg0.10 'vlan protocol 802.1Q id 11 '
until_holds has mg0.10 10.8.0.2/24
until_holds is bond0 'bond mode 802.3ad '
until_holds is ea0 'master bond0 '
until_holds has bond0 10.9.0.2/24
until_holds has bond0.20 10.10.0.2/24
until_holds shows route '10.30.0.0/16 +10.10.0.9 +bond0.20 +1 +set +configuration$'

until_holds alarms 'late0.40 was not made'
ip link add late0 type veth peer name late1
ip link set late1 up
until_holds has late0.40 10.11.0.2/24
until_holds is late0.40 'vlan protocol 802.1Q id 41 '
until_holds fails alarms late0.40
commit 'delete interface late0.40' 'delete interface late0'
until_holds fails ip link show dev late0.40

# A VLAN's frames are no longer than those of what carries it, and grow with them.
commit 'set interface mg0 mtu 9000' 'set interface mg0.10 mtu 8000'
until_holds has_mtu mg0 9000
until_holds has_mtu mg0.10 8000
commit 'delete interface mg0 mtu'
until_holds has_mtu mg0.10 1500
until_holds alarms 'mg0.10 has an MTU of 1500 and not of 8000'
commit 'set interface mg0 mtu 8500'
until_holds has_mtu mg0 8500
systemctl start yoke-network  # which the timer would as well
until_holds has_mtu mg0.10 8000
until_holds fails alarms mg0.10
commit 'delete interface mg0.10 mtu' 'delete interface mg0 mtu'
until_holds has_mtu mg0.10 1500
until_holds has_mtu mg0 1500

# A bond that is undone: its members are as they were before.
has ec0 10.6.0.2/24
COMMIT="commit confirm 1h" commit 'set interface bond1 10.12.0.2/24 members ec0 mtu 1300'
until_holds has bond1 10.12.0.2/24
until_holds is ec0 'master bond1 '
until_holds has_mtu ec0 1300
yoke reject
until_holds fails ip link show dev bond1
until_holds has ec0 10.6.0.2/24
until_holds has_mtu ec0 1500
until_holds is ec0 'state UP '
fails is ec0 'master'

commit 'delete route 10.30.0.0/16' 'delete interface bond0.20' 'delete interface bond0' \
  'delete interface mg0.10'
until_holds fails ip link show dev bond0
until_holds fails ip link show dev bond0.20
until_holds fails ip link show dev mg0.10
fails is ea0 'master'
has mg0 10.7.0.2/24

# An interface of somebody else's is not ours to take away, whatever a file was called.
ip link add mg0.30 link mg0 type macvlan
commit 'set interface mg0.30 vlan 30 parent mg0'
until_holds test -e /run/systemd/network/00-yoke-mg0.30.netdev
commit 'delete interface mg0.30'
until_holds fails test -e /run/systemd/network/00-yoke-mg0.30.netdev
ip link show dev mg0.30

systemctl stop yoke-dataplane yoke-mgmt
[[ $(systemctl show -p Result --value yoke-network yoke-mgmt | sort -u | xargs) == success ]]
touch /result/passed
