# SPDX-License-Identifier: Apache-2.0
# What the stories of boot_test.sh have in common; each sources it.

# until_holds COMMAND...: within 30 seconds, or more where that is much to ask.
until_holds() {
  local end=$((SECONDS + 30 * ${YOKE_PATIENCE:-1}))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep "${YOKE_PATIENCE:-1}e-1"
  done
}
fails() { ! "$@"; }
as() { runuser -u "$1" -- "${@:2}"; }
# commit LINE...: and then commits, or does what $COMMIT says in its place.
commit() {
  local words=()
  for line in "$@" "${COMMIT:-commit}"; do words+=(-c "$line"); done
  yoke "${words[@]}"
}
says() { yoke show status | grep -qE "$1"; }
# has INTERFACE ADDRESS
has() { ip -o address show dev "$1" | grep -qF " $2 "; }
