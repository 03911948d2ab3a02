// SPDX-License-Identifier: Apache-2.0
// The status page: asks for /status.json every two seconds and draws what it says. Rates are
// differences of two answers; what is plotted is kept here, in the browser, for five minutes.
"use strict";

const kPeriodMs = 2000;
const kPoints = 150;
const kServersDrawn = 2000;
const kAlarmsOpen = 5;  // of more the rest is folded: VIPs are to be seen without scrolling

const at = (id) => document.getElementById(id);
const plots = new Map();
let before = null;
let answered = null;

function element(name, text, classes) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

function replace(parent, children) {
  parent.replaceChildren(...children);
}

// "12.3 kbit/s", "0 bit/s", "116/s".
function with_unit(number, unit) {
  if (number === null || number === undefined) return "–";
  const text = short(number);
  return text.includes(" ") || unit.startsWith("/") ? text + unit : text + " " + unit;
}

function short(number) {
  if (number === null || number === undefined) return "–";
  const units = ["", "k", "M", "G", "T", "P"];
  let unit = 0;
  while (number >= 1000 && unit < units.length - 1) {
    number /= 1000;
    ++unit;
  }
  const digits = unit === 0 || number >= 100 ? 0 : number >= 10 ? 1 : 2;
  return number.toFixed(digits) + (units[unit] ? " " + units[unit] : "");
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds % 86400 / 3600);
  const minutes = Math.floor(seconds % 3600 / 60);
  if (days) return days + "d " + hours + "h";
  if (hours) return hours + "h " + minutes + "m";
  return minutes ? minutes + "m " + Math.floor(seconds % 60) + "s" : Math.floor(seconds) + "s";
}

const when = (seconds) => new Date(seconds * 1000).toLocaleString();

// Adds a point to a plot and draws it; its highest point is the top.
function plot(key, value) {
  const points = plots.get(key) || [];
  points.push(value === null ? 0 : value);
  if (points.length > kPoints) points.shift();
  plots.set(key, points);
  const top = Math.max(...points, 1e-9);
  const x = (i) => (kPoints - points.length + i) * 100 / (kPoints - 1);
  const y = (v) => 40 - v / top * 38;
  const line = points.map((v, i) => x(i).toFixed(2) + "," + y(v).toFixed(2)).join(" ");
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 42");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "the last five minutes");
  const draw = (name, shape, classes) => {
    const drawn = document.createElementNS(space, name);
    drawn.setAttribute("points", shape);
    drawn.setAttribute("class", classes);
    svg.append(drawn);
  };
  draw("polygon", x(0).toFixed(2) + ",42 " + line + " 100,42", "area");
  draw("polyline", line, "curve");
  return svg;
}

// Per second, of a counter of two answers; null where one of them does not know it, or it began anew.
function rate(now, last, seconds) {
  if (typeof now !== "number" || typeof last !== "number" || now < last || !seconds) return null;
  return (now - last) / seconds;
}

const by_name = (rows, key) => new Map((rows || []).map((row) => [row[key], row]));
const sum = (rows, key) => rows ? rows.reduce((all, row) => all + (row[key] || 0), 0) : null;
const drops = (rows) => rows ? rows.reduce((all, row) =>
  all + Object.values(row.drops || {}).reduce((a, b) => a + b, 0), 0) : null;

function tile(title, state, lines, drawn) {
  const made = element("div", undefined, "tile " + state);
  made.append(element("h3", title), ...lines);
  if (drawn) made.append(drawn);
  return made;
}

function draw_header(now) {
  const status = now.status;
  document.title = status.unit + " – Yoke";
  at("unit").textContent = status.unit;
  const runs = status.dataplane === "running";
  at("role").textContent = !runs ? "DATA PLANE AWAY" : roles(now) || "FORWARDING";
  at("role").className = runs ? "" : "bad";
  const groups = now.ha || [];
  const place = groups.length ? "unit " + groups[0].unit + " of two" : "one unit";
  at("facts").textContent = place + ", up " + age(status.uptime_s) + ", data plane up " +
    age(status.dataplane_uptime_s) + ", revision " + status.revision + ", Yoke " + status.version;
  at("clock").textContent = when(now.at);
}

// "ACTIVE", or "ACTIVE, STANDBY" where it is not the same for all groups; empty of one that stands
// alone.
const roles = (now) => [...new Set((now.ha || []).map((group) => group.role))].join(", ");

const kWell = new Set(["ACTIVE", "STANDBY"]);

// A tile a group: what this unit is for it, what the other is, and what is wrong.
function draw_pair(now) {
  const groups = now.ha || [];
  at("pair").hidden = groups.length === 0;
  replace(at("groups"), groups.map((group) => {
    const well = kWell.has(group.role);
    const state = well && kWell.has(group.peer_role) && !group.trouble ? "up" : well ? "warn" : "down";
    const heard = group.peer_heard_ms === null ? "not heard" : "heard " + group.peer_heard_ms + " ms ago";
    const lines = [
      element("p", group.role || "–", "value"),
      element("p", "peer " + (group.peer_role || "–") + ", " + heard),
      element("p", "epoch " + group.epoch + (group.maintenance ? ", in maintenance" : "")),
    ];
    if (group.trouble) lines.push(element("p", group.trouble, "trouble"));
    return tile(group.group || "VIPs in no group", state, lines);
  }));
  at("told").textContent = (now.ha_config || []).map((unit) =>
    unit.unit + ": revision " + (unit.revision === null ? "–" : unit.revision) + ", " +
    unit.state).join("; ");
}

function alarm_line(alarm) {
  const line = element("li", undefined, alarm.level);
  if (alarm.next) line.append(element("code", alarm.next));
  line.append(element("time", when(alarm.raised)), alarm.text);
  return line;
}

// In the order in which they come, the worst first.
function draw_alarms(now) {
  const standing = now.alarm.filter((alarm) => alarm.state === "raised");
  const all = Math.max(now.status.alarms_standing || 0, standing.length);
  const [open, folded] = at("alarms").querySelectorAll("ol");
  const rest = at("alarms").querySelector("details");
  at("alarms").hidden = standing.length === 0;
  replace(open, standing.slice(0, kAlarmsOpen).map(alarm_line));
  rest.hidden = all <= kAlarmsOpen;
  rest.querySelector("summary").textContent = "and " + (all - kAlarmsOpen) + " more";
  replace(folded, standing.slice(kAlarmsOpen).map(alarm_line));
  if (all > standing.length) {
    folded.append(element("li", all - standing.length + " more are told by: show alarm"));
  }
}

function draw_rates(now, last, seconds) {
  const change = (read) => last ? rate(read(now), read(last), seconds) : null;
  const bits = change((all) => sum(all.traffic, "bytes_in"));
  const out = change((all) => sum(all.traffic, "bytes_out"));
  const total = bits === null || out === null ? null : (bits + out) * 8;
  const flows = now.status.flows_open;
  const tiles = [
    ["Bits of VIPs", total, "bit/s"],
    ["Packets received", change((all) => sum(all.worker, "rx")), "/s"],
    ["New flows", change((all) => sum(all.traffic, "flows_created")), "/s"],
    ["Packets dropped", change((all) => drops(all.worker)), "/s"],
  ].map(([title, value, unit]) => tile(title, "", [
    element("p", with_unit(value, unit), "value"),
  ], plot("unit " + title, value)));
  tiles.push(tile("Flows", "", [
    element("p", short(flows) + " of " + short(now.status.flows_capacity), "value"),
  ], plot("unit flows", flows)));
  replace(at("rates"), tiles);
}

function draw_vips(now, last, seconds) {
  const traffic = by_name(now.traffic, "name");
  const earlier = by_name(last && last.traffic, "name");
  replace(at("vips"), now.vip.map((vip) => {
    const here = traffic.get(vip.name) || {}, then = earlier.get(vip.name) || {};
    const change = (key) => rate(here[key], then[key], seconds);
    const bytes_in = change("bytes_in"), bytes_out = change("bytes_out");
    const bits = bytes_in === null || bytes_out === null ? null : (bytes_in + bytes_out) * 8;
    const state = vip.state === "up" ? "up" : vip.state === "down" ? "down" : "";
    return tile(vip.name, state, [
      element("p", vip.address + " → " + (vip.pool || "ping only")),
      element("p", with_unit(bits, "bit/s"), "value"),
      element("p", vip.state + ", servers " + vip.servers_up + "/" + vip.servers + ", flows " +
        short(vip.flows_open) + ", new " + with_unit(change("flows_created"), "/s")),
    ], plot("vip " + vip.name, bits));
  }));
}

function draw_servers(now) {
  at("servers-told").textContent = now.status.servers_up + " of " + now.status.servers +
    " up, " + now.status.servers_down + " down";
  replace(at("servers"), now.server.slice(0, kServersDrawn).map((server) => {
    const dot = element("span", undefined, server.state);
    dot.title = server.pool + " " + server.server + ": " + server.state +
      (server.check ? ", " + server.check : "");
    return dot;
  }));
}

function row(cells) {
  const made = element("tr");
  made.append(...cells.map(([text, classes]) => element("td", text, classes)));
  return made;
}

function draw_tables(now, last, seconds) {
  const earlier = by_name(last && last.interface, "name");
  replace(at("ports").tBodies[0], (now.interface || []).map((port) => {
    const then = earlier.get(port.name) || {};
    const speed = (key) => {
      const bytes = rate(port[key], then[key], seconds);
      return with_unit(bytes === null ? null : bytes * 8, "bit/s");
    };
    return row([[port.name], [port.link, port.link === "up" ? "good" : "bad"],
      ["in " + speed("rx_bytes")], ["out " + speed("tx_bytes")],
      [short(port.rx_errors + port.tx_errors) + " errors"]]);
  }));
  replace(at("history").tBodies[0], now.history.map((change) => row([
    ["r" + change.revision], [when(change.when)], [change.user], [change.changes], [change.note],
  ])));
}

function draw(now) {
  const seconds = before ? Math.max(0, now.at - before.at) : 0;
  draw_header(now);
  draw_alarms(now);
  draw_pair(now);
  draw_rates(now, before, seconds);
  draw_vips(now, before, seconds);
  draw_servers(now);
  draw_tables(now, before, seconds);
  before = now;
}

async function look() {
  try {
    const answer = await fetch("/status.json", {cache: "no-store", signal: AbortSignal.timeout(8000)});
    if (!answer.ok) throw new Error("HTTP " + answer.status);
    const now = await answer.json();
    answered = Date.now();
    at("stale").hidden = true;
    if (!before || now.at !== before.at) draw(now);  // its clock may be set back
  } catch (error) {
    at("stale").hidden = false;
    at("stale").textContent = "The unit does not answer" + (answered ?
      "; what is shown is of " + new Date(answered).toLocaleTimeString() : "") + ".";
  }
  setTimeout(look, kPeriodMs);
}

look();
