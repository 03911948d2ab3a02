#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What boot_test.sh looks at: that VLANs and bonds are made as configured, and are gone with that, by
# the real systemd-networkd.
# needs: vlan bond
set -Eeuxo pipefail
trap 'systemctl status --no-pager -l "yoke-*" systemd-networkd; ip -d address; ip route
  head -n 50 /run/systemd/network/00-yoke-* /run/yoke/system/network/*' ERR
# shellcheck source=tests/unit/image/story.sh
source /usr/lib/yoke-story.sh

is() { ip -d -o link show dev "$1" | grep -qE "$2"; }

systemd-sysusers
systemd-tmpfiles --create --prefix=/run/yoke --prefix=/run/yoke-system --prefix=/run/systemd
for port in mg ea eb; do
  ip link add "${port}0" type veth peer name "${port}1"
  ip link set "${port}1" up
done
systemctl start dbus systemd-networkd yoke-network.path yoke-network.timer yoke-mgmt

commit 'set interface mg0 10.7.0.2/24' 'set interface mg0.10 10.8.0.2/24 vlan 10 parent mg0' \
  'set interface bond0 10.9.0.2/24 members ea0,eb0' \
  'set interface bond0.20 10.10.0.2/24 vlan 20 parent bond0 mtu 1400'
until_holds has mg0.10 10.8.0.2/24
until_holds is mg0.10 'vlan protocol 802.1Q id 10 '
until_holds has bond0 10.9.0.2/24
until_holds is bond0 'bond mode active-backup miimon 100 '
until_holds is ea0 'master bond0 '
until_holds is eb0 'master bond0 '
until_holds has bond0.20 10.10.0.2/24
until_holds is bond0.20 'mtu 1400 '

# Other than they were: networkd changes neither by itself.
commit 'set interface mg0.10 vlan 11' 'set interface bond0 mode 802.3ad'
until_holds is mg0.10 'vlan protocol 802.1Q id 11 '
until_holds has mg0.10 10.8.0.2/24
until_holds is bond0 'bond mode 802.3ad '
until_holds is ea0 'master bond0 '
until_holds has bond0 10.9.0.2/24
until_holds has bond0.20 10.10.0.2/24

commit 'delete interface bond0.20' 'delete interface bond0' 'delete interface mg0.10'
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

systemctl stop yoke-mgmt
[[ $(systemctl show -p Result --value yoke-network yoke-mgmt | sort -u | xargs) == success ]]
touch /result/passed
