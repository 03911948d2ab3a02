#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What boot_test.sh looks at: that the unit's interfaces are as configured, by the real
# systemd-networkd, and as they were before once they are configured no more.
set -Eeuxo pipefail
trap 'systemctl status --no-pager -l "yoke-*" systemd-networkd; ip address; ip route; ip -6 route
  head -n 50 /run/systemd/network/00-yoke-* /run/yoke/system/network/*' ERR
# shellcheck source=tests/unit/image/story.sh
source /usr/lib/yoke-story.sh

has_mtu() { [[ $(cat "/sys/class/net/$1/mtu") == "$2" ]]; }
routes() { { ip -o route show; ip -6 -o route show; } | grep -qE "^$1"; }
is_up() { ip -o link show dev "$1" up | grep -q .; }

systemd-sysusers
systemd-tmpfiles --create --prefix=/run/yoke --prefix=/run/yoke-system --prefix=/run/systemd
echo 'gateway = 10.9.0.1' >>/etc/yoke/board.conf

# A machine with a management port that networkd already has, and another that nobody has.
for port in mg ex; do
  ip link add "${port}0" type veth peer name "${port}1"
  ip link set "${port}1" up
done
ip link set ex0 up
ip address add 10.6.0.2/24 dev ex0
cat >/etc/systemd/network/20-mg0.network <<'END'
[Match]
Name=mg0
[Network]
Address=10.7.0.2/24
Gateway=10.7.0.254
END
systemctl start systemd-journald
systemctl start dbus systemd-networkd yoke-network.path yoke-network.timer yoke-mgmt yoke-dataplane
until_holds says 'DATAPLANE +running'
until_holds routes 'default via 10.7.0.254 dev mg0'
has lan 10.9.0.2/24
board_route='default via 10.9.0.1 dev lan .*metric 4000'
until_holds routes "$board_route"

# What is configured first is there beside what the board file says; nobody else's changes.
commit 'set interface lan 10.9.0.5/24,2001:db8:9::5/64 mtu 1400' \
  'set route 10.20.0.0/16 gateway 10.9.0.20' 'set route 2001:db8:20::/48 gateway 2001:db8:9::20'
until_holds has lan 10.9.0.5/24
until_holds has lan 2001:db8:9::5/64
until_holds has_mtu lan 1400
until_holds routes '10.20.0.0/16 via 10.9.0.20 dev lan .*metric 1 '
until_holds routes '2001:db8:20::/48 via 2001:db8:9::20 dev lan .*metric 1 '
has lan 10.9.0.2/24
routes "$board_route"
has mg0 10.7.0.2/24
has ex0 10.6.0.2/24
yoke show address | grep -qE '^lan +up +1400 +10.9.0.5/24 +configuration$'
yoke show address | grep -qE '^lan +up +1400 +10.9.0.2/24 +machine$'
yoke show route | grep -qE '^10.20.0.0/16 +10.9.0.20 +lan +1 +set +configuration$'
commit 'set interface nosuch 10.5.0.9/24'
yoke show address | grep -qE '^nosuch +missing +- +10.5.0.9/24 +configuration$'

# So it is after the data plane was started anew, and its twin with it.
systemctl restart yoke-dataplane
until_holds has lan 10.9.0.2/24
until_holds has lan 10.9.0.5/24
until_holds has_mtu lan 1400
until_holds routes "$board_route"
until_holds says 'DATAPLANE +running'

commit 'delete interface lan' 'delete route 10.20.0.0/16' 'delete route 2001:db8:20::/48'
until_holds fails has lan 10.9.0.5/24
until_holds fails has lan 2001:db8:9::5/64
until_holds has_mtu lan 1500
until_holds fails routes 10.20.0.0/16
until_holds has lan 10.9.0.2/24
until_holds routes "$board_route"

# The board file's own address, configured and configured no more, stays a way in.
commit 'set interface lan 10.9.0.2/24'
until_holds test -e /run/systemd/network/00-yoke-lan.network
sleep 1
commit 'delete interface lan'
until_holds fails test -e /run/systemd/network/00-yoke-lan.network
sleep 1
until_holds has lan 10.9.0.2/24
until_holds routes "$board_route"
commit 'set interface lan enabled no'
until_holds fails is_up lan
commit 'delete interface lan'
until_holds is_up lan
until_holds has lan 10.9.0.2/24
until_holds routes "$board_route"

# A commit that nobody confirms gives back what the machine had by itself.
COMMIT='commit confirm 5s' commit 'set interface mg0 10.7.0.9/24 mtu 1300' \
  'set route 0.0.0.0/0 gateway 10.7.0.1'
until_holds has mg0 10.7.0.9/24
until_holds routes 'default via 10.7.0.1 dev mg0 .*metric 1 '
fails has mg0 10.7.0.2/24
until_holds fails has mg0 10.7.0.9/24
until_holds has mg0 10.7.0.2/24
until_holds routes 'default via 10.7.0.254 dev mg0'
until_holds has_mtu mg0 1500
routes "$board_route"

# One that nobody has, and a gateway that is in no network that is configured.
commit 'set interface ex0 10.6.0.9/24 ' 'set route 10.30.0.0/16 gateway 10.5.0.1 interface ex0'
until_holds has ex0 10.6.0.9/24
until_holds routes '10.30.0.0/16 via 10.5.0.1 dev ex0 .*onlink'
commit 'set interface ex0 10.6.0.10/24 mtu 1300'
until_holds has_mtu ex0 1300
until_holds has ex0 10.6.0.10/24
until_holds fails has ex0 10.6.0.9/24
has ex0 10.6.0.2/24
commit 'delete interface ex0 mtu'
until_holds has_mtu ex0 1500
until_holds has ex0 10.6.0.10/24

# What no path unit tells of is found nevertheless; so is what networkd was not there for.
systemctl stop yoke-network.path systemd-networkd
commit 'set interface ex0 10.6.0.11/24'
sleep 1
systemctl start systemd-networkd
until_holds has ex0 10.6.0.11/24
systemctl start yoke-network.path

# What is not as configured is told, and what to type next.
until_holds bash -c "yoke show alarm | grep -q 'interface-not-set: this unit has no interface'"
commit 'delete interface nosuch'
until_holds fails test -e /run/systemd/network/00-yoke-nosuch.network

# Whoever has yoke-mgmt's rights has no more than a commit gives: nothing is taken but lines that
# yoke-mgmt writes, whole, and about the interface that the file's name says.
folder=/run/yoke/system/network taken=/run/systemd/network
good=$(cat $folder/00-yoke-ex0.network)
refuses() {
  as yoke tee "$folder/00-yoke-$1" >/dev/null
  systemctl start yoke-network
  if [[ $1 == ex0.network ]]; then
    [[ $(cat $taken/00-yoke-ex0.network) == "$good" ]]
  else
    fails test -e "$taken/00-yoke-$1"
  fi
  as yoke rm "$folder/00-yoke-$1"
}
refuses ex0.network <<<"$good"$'\nDNS=192.0.2.1'
refuses ex0.network <<<"$good"$'\n[Link]\nMACAddress=02:00:00:00:00:01'
refuses ex0.network <<<"${good/KeepConfiguration=yes/}"
refuses ex0.network <<<"${good/RequiredForOnline=no/}"
refuses ex0.network <<<"${good/DHCP=no/}"
refuses ex0.network <<<"${good/DHCP=no/DHCP=yes}"
refuses ex0.network <<<"${good/IPv6AcceptRA=no/IPv6AcceptRA=yes}"
refuses ex0.network <<<"${good/Name=ex0/Name=*}"
refuses ex0.network <<<"${good/Name=ex0/Name=mg0}"
refuses ex0.network <<<"${good/10.6.0.11\/24/10.6.0.11/24 \\}"
refuses ex0.network <<<$'[Network]\nDHCP=no'
refuses ex0.network < <(printf '%s\n# \0IPForward=yes\n' "$good")
refuses ex0.network < <(head -c 300000 /dev/zero | tr '\0' '\n')
refuses lo.network <<<"${good/Name=ex0/Name=lo}"
refuses '*.network' <<<"${good/Name=ex0/Name=*}"
refuses 'e\170.network' <<<"${good/Name=ex0/Name=ex}"
refuses ex0.link <<<"$good"
refuses tun9.netdev <<<$'[NetDev]\nName=tun9\nKind=tun'
until_holds bash -c "journalctl -u yoke-network | grep -q 'not taken: 00-yoke-tun9.netdev'"
as yoke ln -s /etc/shadow $folder/00-yoke-mg0.network
as yoke ln -s /etc/systemd/network/20-mg0.network $folder/00-yoke-mg1.network
as yoke mkfifo $folder/00-yoke-ex1.network
as yoke tee $folder/00-yoke-ex0.network >/dev/null <<<"$good"
systemctl start yoke-network
[[ $(ls $taken) == 00-yoke-ex0.network ]]
has mg0 10.7.0.2/24
commit 'delete interface ex0' 'delete route 10.30.0.0/16'
until_holds fails has ex0 10.6.0.11/24
has ex0 10.6.0.2/24
[[ -z $(ls $taken) ]]

systemctl stop yoke-dataplane yoke-mgmt
[[ $(systemctl show -p Result --value yoke-network yoke-mgmt | sort -u | xargs) == success ]]
touch /result/passed
