# SPDX-License-Identifier: Apache-2.0
# Whether a file is one of those that mgmt/system/network_files.cpp writes: no other section, key or
# form of a value, and about the one interface that its name says. For POSIX awk, LC_ALL=C.
#
#   YOKE_KIND=network|netdev YOKE_NAME=NAME awk -f network_file.awk FILE    exit status 0: it is
#
# By the environment, where a backslash is one.
function refuse() {
  refused = 1
  exit 1
}

function is_name(text) {
  return text ~ /^[A-Za-z][A-Za-z0-9._-]*$/ && length(text) <= 15 && text != "lo" &&
    text != "all" && text != "default"
}

function allow(place, form) {
  allowed[place] = form
}

# What a file of an interface is to have: without it networkd's own defaults count, which take
# addresses away, set DNS servers and names, or have the machine wait for the interface.
function is_whole() {
  if (!("Link.RequiredForOnline" in has) || !("Network.KeepConfiguration" in has)) return 0
  if ("Network.Bond" in has) return !asks4 && !asks6
  if (!("Network.DHCP" in has) || !("Network.IPv6AcceptRA" in has)) return 0
  return (!asks4 || is_told("DHCPv4")) &&
    (!asks6 || (is_told("DHCPv6") && "IPv6AcceptRA.UseDNS" in has))
}

function is_told(part) {
  return (part ".UseDNS") in has && (part ".UseNTP") in has && (part ".UseHostname") in has
}

BEGIN {
  kind = ENVIRON["YOKE_KIND"]
  name = ENVIRON["YOKE_NAME"]
  address = "[0-9a-f.:]+"
  if (kind == "network") {
    allow("Link.MTUBytes", "[0-9]+")
    allow("Link.ActivationPolicy", "up|down")
    allow("Link.RequiredForOnline", "no")
    allow("Network.KeepConfiguration", "yes")
    allow("Network.ConfigureWithoutCarrier", "yes")
    allow("Network.LinkLocalAddressing", "ipv6")
    allow("Network.IPv6AcceptRA", "yes|no")
    allow("Network.DHCP", "yes|no|ipv4|ipv6")
    allow("Network.Address", address "/[0-9]+")
    allow("Route.Destination", address "/[0-9]+")
    allow("Route.Gateway", address)
    allow("Route.GatewayOnLink", "yes")
    allow("Route.Scope", "link")
    allow("Route.Metric", "[0-9]+")
    allow("DHCPv4.UseDNS", "no")
    allow("DHCPv4.UseNTP", "no")
    allow("DHCPv4.UseHostname", "no")
    allow("DHCPv6.UseDNS", "no")
    allow("DHCPv6.UseNTP", "no")
    allow("DHCPv6.UseHostname", "no")
    allow("IPv6AcceptRA.UseDNS", "no")
    own = "Match.Name"
  } else {
    allow("NetDev.Kind", "vlan|bond")
    allow("VLAN.Id", "[0-9]+")
    allow("Bond.Mode", "active-backup|802[.]3ad")
    allow("Bond.MIIMonitorSec", "100ms")
    allow("Bond.TransmitHashPolicy", "layer3[+]4")
    own = "NetDev.Name"
  }
  if (!is_name(name)) refuse()
}

length($0) > 100 { refuse() }
/^$/ { next }
/^# [A-Za-z0-9._; -]+$/ { next }
/^\[[A-Za-z0-9]+\]$/ {
  section = substr($0, 2, length($0) - 2)
  next
}
{
  at = index($0, "=")
  if (at == 0) refuse()
  place = section "." substr($0, 1, at - 1)
  value = substr($0, at + 1)
  if (place == own) {
    if (value != name) refuse()
    names++
  } else if (kind == "network" && (place == "Network.VLAN" || place == "Network.Bond")) {
    if (!is_name(value)) refuse()
  } else if (!(place in allowed) || value !~ ("^(" allowed[place] ")$")) {
    refuse()
  }
  has[place] = 1
  # Any of several lines may be the one that counts.
  if (place == "Network.DHCP" && value ~ /^(yes|ipv4)$/) asks4 = 1
  if (place == "Network.DHCP" && value ~ /^(yes|ipv6)$/) asks6 = 1
  if (place == "Network.IPv6AcceptRA" && value == "yes") asks6 = 1
}

# A file that names no interface is about all of them.
END { if (refused || names != 1 || (kind == "network" && !is_whole())) exit 1 }
