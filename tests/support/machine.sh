# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tests/run and tests/demo share: the machine they need, its packages, builds, and long steps
# that show progress and end with the script that started them, however that ends.
# Sourced with `set -euo pipefail`; needs $repo, the top of the tree.

# Started in the background by another script, Ctrl-C would be ignored for good.
[[ -z $(trap -p INT) ]] || exec env --default-signal=INT "$0" "$@"

program=${0#"$repo"/}
export PYTHONDONTWRITEBYTECODE=1
exec 3>&1                         # where progress goes: tests/demo points it at stderr for --json
if [[ -t 1 && -z ${CI:-} ]]; then terminal=yes; else terminal=; fi

die() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*" >&3; }

# ---- the machine -------------------------------------------------------------------------------

require_debian_12() {
  local id='' version=''
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && printf '%s' "${ID:-}")
    version=$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")
  fi
  [[ $id == debian && $version == 12 ]] ||
    die "needs Debian 12, this is ${id:-an unknown system} ${version:-}"
}

require_root() {
  ((EUID == 0)) || die "needs root for ${1:-network namespaces and packages}: sudo $program"
}

# Put before a command that writes into the tree: whoever owns the tree runs it, so that a build
# started with sudo leaves nothing there that its owner cannot remove.
as_owner=()
tree_owner=$(stat -c %u "$repo")
if ((EUID == 0 && tree_owner != 0)); then
  as_owner=(env "HOME=$(getent passwd "$tree_owner" | cut -d: -f6)" setpriv --reuid "$tree_owner"
    --regid "$(stat -c %g "$repo")" --init-groups setpriv --pdeathsig TERM)
fi

# ---- packages ----------------------------------------------------------------------------------

# listed_packages KIND...: those of all, and of these kinds
listed_packages() {
  local kind
  local -a of_kinds=()
  for kind in "$@"; do of_kinds+=(-e "s/^$kind://"); done
  sed -e 's/#.*//' "${of_kinds[@]}" -e '/^[a-z]*:/d' -e '/^[[:space:]]*$/d' \
    "$repo/tests/support/packages"
}

# find_missing_packages KIND...: sets `missing`. Without root nothing may be missing.
missing=()
find_missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' | sort -u)
  mapfile -t missing < <(comm -13 <(printf '%s\n' "$installed") <(listed_packages "$@" | sort -u))
  ((${#missing[@]} == 0)) || require_root "installing ${#missing[@]} packages (${missing[0]}, ...)"
}

install_missing_packages() {
  ((${#missing[@]})) || return 0
  refuse_service_starts
  # An installation that was cut short is finished first; nothing else can be installed before.
  [[ -z $(dpkg --audit) ]] || step "finish an interrupted installation" dpkg --configure -a
  if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! install "${missing[@]}"; then
    step "update the package lists" "${apt[@]}" update || die "the package lists cannot be updated"
    install "${missing[@]}" || die "the packages cannot be installed"
  fi
  # Nor at the machine's next start.
  local package service
  for package in "${missing[@]}"; do
    case $package in
      mariadb-server) service=mariadb ;;
      exim4-daemon-light) service=exim4 ;;
      snmptrapd) service=snmptrapd.socket ;;
      chrony | haproxy | keepalived | nftables | nginx | postgresql | redis-server | snmpd) service=$package ;;
      *) continue ;;
    esac
    systemctl --root=/ --quiet disable "$service" || true
  done
  allow_service_starts
}

install() { step "install $# packages" "${apt[@]}" install -y --no-install-recommends "$@"; }
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300
  -o Acquire::Retries=3)

# Debian starts a service as it installs it. None of ours may run on this machine itself: a policy
# of our own says so while packages are installed. One that is there already is left alone.
policy=/usr/sbin/policy-rc.d
policy_mark='# placed by the tests of Yoke while packages are installed'
refuse_service_starts() {
  [[ ! -e $policy ]] || return 0
  printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy"
  chmod 755 "$policy"
}
allow_service_starts() {
  if [[ -w $policy ]] && grep -qxF "$policy_mark" "$policy"; then rm -f "$policy"; fi
}

# ---- steps -------------------------------------------------------------------------------------
# A step runs a command in a session of its own with its output in a log, so that a signal finds this
# shell waiting and never a command half done: the shell ends the step's processes and then itself.
# Should the shell be killed outright, the kernel ends the command.

step_pid=
beside_pid=
exec {never}<> <(:)   # nothing ever comes from it: to wait on without another process

session=(setsid setpriv --pdeathsig TERM)
idly=()
if [[ -n ${YOKE_BESIDE:-} ]]; then
  # The scheduler weighs sessions first, where it groups by them, then processes.
  idly=(bash -c '{ echo 19 >/proc/self/autogroup; chrt --idle --pid 0 $$; } 2>/dev/null; exec "$@"'
    idly)
fi

log_of() { printf '%s' "$logs/$(tr -c 'a-z0-9\n' '-' <<<"${1,,}").log"; }

# step TITLE COMMAND...: 0, or the command's status after its log's end has been shown
step() {
  local title=$1 log status=0 started=$SECONDS
  shift
  log=$(log_of "$title")
  "${session[@]}" "${idly[@]}" "$@" >"$log" 2>&1 </dev/null &
  step_pid=$!
  watch_step "$title" "$log" "$started"
  wait "$step_pid" || status=$?
  step_pid=
  report_step "$title" "$status" "$started" "$log"
  return "$status"
}

# beside TITLE COMMAND...: a step that goes on while others do. Another script of ours, whose own
# steps take only what those leave of the machine.
beside() {
  beside_title=$1 beside_started=$SECONDS beside_log=$(log_of "$1")
  shift
  YOKE_BESIDE=1 "${session[@]}" "$@" >"$beside_log" 2>&1 </dev/null &
  beside_pid=$!
}

# Waits for it: as step.
await_beside() {
  local status=0
  step_pid=$beside_pid
  beside_pid=
  watch_step "$beside_title" "$beside_log" "$beside_started"
  wait "$step_pid" || status=$?
  step_pid=
  report_step "$beside_title" "$status" "$beside_started" "$beside_log"
  return "$status"
}

# Until the step ends: on a terminal the last line of its log, elsewhere a line every half minute.
watch_step() {
  local title=$1 log=$2 started=$3 last='' seconds next
  next=$((SECONDS - started + 30))
  while kill -0 "$step_pid" 2>/dev/null; do
    read -rt 0.2 -u "$never" || true
    seconds=$((SECONDS - started))
    if [[ -n $terminal ]]; then
      last=$(last_words "$log")
      printf '\r\033[K%-34s %3d s  %.36s' "$title" "$seconds" "$last" >&3
    elif ((seconds >= next)); then
      last=$(last_words "$log")
      printf '%-34s %3d s  %.60s\n' "$title" "$seconds" "$last" >&3
      next=$((next + 30))
    fi
  done
}

last_words() {
  tail -c 400 "$1" 2>/dev/null | tr '\r' '\n' | tr -cd '[:print:]\n' | grep . | tail -n 1 || true
}

# report_step TITLE STATUS STARTED LOG
report_step() {
  local seconds=$((SECONDS - $3)) result
  if (($2 == 0)); then result="ok, $seconds s"; else result="FAILED after $seconds s; the end of $4:"; fi
  [[ -z $terminal ]] || printf '\r\033[K' >&3
  printf '%-34s %s\n' "$1" "$result" >&3
  (($2 == 0)) || tail -n 60 "$4" | sed 's/^/    /' >&3
}

# end_step PID: the whole session that it leads
end_step() {
  [[ -n $1 ]] || return 0
  kill -TERM -- "-$1" 2>/dev/null || true
  for _ in {1..50}; do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}

# ---- builds ------------------------------------------------------------------------------------

# The tree's own build/, or for somebody without rights to it a temporary one.
choose_build_root() {
  build_root=$repo/build
  if ((EUID != 0)) && ! may_write_builds; then
    make_scratch
    build_root=$scratch/build
    say "build/ is not yours to write: building in $build_root, removed at the end"
  fi
  logs=$build_root/logs
  "${as_owner[@]}" mkdir -p "$logs"
}

may_write_builds() {
  if [[ -e $build_root ]]; then
    [[ -w $build_root && -z $(find "$build_root" -maxdepth 2 ! -writable -print -quit) ]]
  else
    [[ -w $repo ]]
  fi
}

# A new build compiles several files at a time (tests/support/batches.py): it takes half as long. One
# that is there stays as it was configured. What is fuzzed is compiled file by file, so that each is
# known to include what it uses.
configure() {
  local -a how=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  [[ -e $build_root/$1/CMakeCache.txt || ! $1 =~ ^(dev|release)$ ]] || how+=(-DYOKE_BATCHES=ON)
  step "configure $1" "${as_owner[@]}" cmake --preset "$1" -S "$repo" -B "$build_root/$1" "${how[@]}"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  configure "$preset" && step "build $preset" "${as_owner[@]}" ninja -C "$build_root/$preset" "$@"
}

# A kernel for virtual machines, below the builds: that of the list's "unpacked:" package.
unpack_kernel() {
  [[ ! -e $build_root/kernel/vmlinuz ]] || return 0
  step "fetch a kernel" "$repo/tests/support/unpack_kernel" "$build_root/kernel" "${apt[@]}"
}

# ---- the end -----------------------------------------------------------------------------------

# Sets `scratch`, the folder for temporary files of all that is run, and clears away those of runs
# that were killed.
scratch=
make_scratch() {
  local left
  [[ -z $scratch ]] || return 0
  for left in "${TMPDIR:-/tmp}"/yoke-run.*; do
    if [[ -O $left && ! -e /proc/$(cut -d. -f2 <<<"${left##*/}") ]]; then rm -rf "$left"; fi
  done
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/yoke-run.$$.XXXXXX")
  ((EUID != 0)) || chown "$tree_owner" "$scratch"
  export TMPDIR=$scratch
}

leave() {
  local status=$?
  trap '' INT TERM HUP
  end_step "$step_pid"
  end_step "$beside_pid"
  allow_service_starts
  [[ -z $scratch ]] || rm -rf "$scratch"
  exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
allow_service_starts   # of a run that was killed
