#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# debian_system_test.sh <root of the sources>: which mirror a system of Debian is made from, and what a
# command in one sees of this machine. The latter is skipped without root, or where no namespaces can be
# made.
set -euo pipefail
. "$1/scripts/common.sh"
. scripts/debian_system.sh

work=$(mktemp -d)
trap 'remove_debian_system "$work"' EXIT
failures=0
expect() {
  local what=$1 expected=$2 found=$3
  [ "$found" = "$expected" ] || {
    echo "FAILED: $what"$'\n'"expected:"$'\n'"$expected"$'\n'"found:"$'\n'"$found"
    failures=$((failures + 1))
  }
}

# What apt says here.
unset FUSEBOX_DEBIAN_MIRROR
apt_targets='Debian|Debian-Security|bookworm-security|http://mirror.example/security/
Debian|Debian Backports|bookworm-backports|http://mirror.example/backports/
Debian|Debian|bookworm|http://mirror.example/debian/
Debian|Debian|bookworm-updates|http://other.example/debian/
Vendor|Vendor|any|http://vendor.example/'
apt_settings='Acquire::http::Proxy "http://proxy.example:3128";
Acquire::Check-Valid-Until "false";
Acquire::Languages "environment";
Acquire::Retries "5";'
apt-get() { printf '%s\n' "$apt_targets"; }
apt-config() { printf '%s\n' "$apt_settings"; }

expect "of the suite that this machine has" "deb http://mirror.example/debian/ bookworm main
deb http://mirror.example/security/ bookworm-security main" "$(debian_sources bookworm)"
expect "of another suite" "deb http://mirror.example/debian/ trixie main" "$(debian_sources trixie)"
expect "of experimental" "deb http://mirror.example/debian/ sid main
deb http://mirror.example/debian/ experimental main" "$(debian_sources experimental)"
expect "from a mirror that is named" "deb http://named.example bookworm main" \
  "$(FUSEBOX_DEBIAN_MIRROR=http://named.example debian_sources bookworm)"
expect "where apt knows no mirror" \
  "debian_system_test.sh: apt is told of no Debian mirror here: set FUSEBOX_DEBIAN_MIRROR to the address of one
1" "$(apt_targets='' && code=0 && { (debian_sources bookworm 2>&1) || code=$?; } && echo "$code")"

# What mmdebstrap is asked for. It makes the folders that are written to then.
unshare() {
  while [[ $1 == --* || $1 == private ]]; do shift; done
  "$@"
}
mmdebstrap() {
  printf '%s\n' "$@" > "$work/asked"
  local folder
  folder=$(sed -n '/^[^-].*\/made$/p' "$work/asked")
  mkdir -p "$folder/etc/dpkg/dpkg.cfg.d" "$folder/usr/sbin"
}
mkdir -p "$work/made/old"
make_debian_system "$work/made" experimental > "$work/said"
expect "what is asked of mmdebstrap" "--variant=apt
--aptopt=Acquire::http::Proxy \"http://proxy.example:3128\";
--aptopt=Acquire::Check-Valid-Until \"false\";
--aptopt=Acquire::Retries \"5\";
--aptopt=Acquire::Languages \"none\";
sid
$work/made
deb http://mirror.example/debian/ sid main
deb http://mirror.example/debian/ experimental main" "$(cat "$work/asked")"
expect "what is left of the folder's content" "etc usr" "$(cd "$work/made" && echo *)"
expect "whether a package may start a server" 101 \
  "$(code=0; "$work/made/usr/sbin/policy-rc.d" || code=$?; echo "$code")"
FUSEBOX_DEBIAN_MIRROR=https://named.example make_debian_system "$work/made" trixie > "$work/said"
expect "certificates for an address of https" 1 \
  "$(grep -c -x -e --include=ca-certificates "$work/asked")"
unset -f unshare

if [ "$(id -u)" -ne 0 ] || ! unshare --mount --pid --fork true 2> /dev/null; then
  [ "$failures" -eq 0 ] || exit 1
  echo "only the choice of a mirror was tested: the rest needs root, and namespaces"
  exit 77
fi

# A system of this machine's own programs.
system=$work/system
mkdir -p "$system/proc" "$system/sys" "$system/dev" "$system/tmp" "$system/etc" "$work/given" "$work/kept"
folders=(ro /usr /usr ro "$work/given" /given rw "$work/kept" /kept)
for folder in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then
    ln -s "usr/$folder" "$system/$folder"
  elif [ -d "/$folder" ]; then
    folders+=(ro "/$folder" "/$folder")
  fi
done
touch "$system/etc/resolv.conf"
before=$(cat /proc/self/mountinfo)
inside() { in_debian_system "$system" "${folders[@]}" -- "$@"; }
SECRET=1 inside env > "$work/environment"
expect "the environment" "DEBIAN_FRONTEND HOME LANG PATH" \
  "$(sed 's/=.*//' "$work/environment" | sort | paste -s -d ' ')"
# shellcheck disable=SC2016  # for the shell inside
expect "its first process, what is in /tmp, and the words of an argument" "1
0
two words" "$(inside sh -c 'echo $$; ls /tmp | wc -l; echo "$1"' sh "two words")"
inside touch /kept/written /tmp/gone
expect "what it has written" written "$(ls "$work/kept")"
expect "what is in /tmp then" "" "$(ls "$system/tmp")"
expect "whether it can write to what is mounted ro" no \
  "$(if inside touch /given/file 2> /dev/null; then echo yes; else echo no; fi)"
expect "its exit code" 3 "$(code=0; inside sh -c 'exit 3' || code=$?; echo "$code")"
expect "what it leaves mounted" "$before" "$(cat /proc/self/mountinfo)"

# shellcheck disable=SC2016  # for the shell inside
unshare --mount --propagation private bash -c '
  set -euo pipefail
  . scripts/debian_system.sh
  die() { echo "$*"; exit 1; }
  mkdir "$1/a b" "$1/a b/c"
  mount --bind "$1/kept" "$1/a b/c"
  remove_debian_system "$1/a b"' - "$work" > "$work/said" && code=0 || code=$?
expect "of a folder in which something is mounted" "not removed: something is mounted in $work/a b
1 written" "$(cat "$work/said")
$code $(ls "$work/kept")"
exit $((failures > 0))
