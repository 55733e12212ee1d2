# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A small system of Debian in a folder, and commands in it: for tools/test-on and
# packaging/check-packages. Sourced after common.sh, never run. What it needs,
# `scripts/install-deps suites` installs.
#
# Mounts and processes are in namespaces of their own: however a command ends, the kernel takes them
# away.

# as_root <program> [argument]...: if this isn't root, goes on as the program with these arguments, by
# sudo.
as_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo > /dev/null ||
    die "not root, and there is no sudo: a system of Debian is made by root alone"
  exec sudo --preserve-env=FUSEBOX_DEBIAN_MIRROR,CMAKE_CXX_COMPILER_LAUNCHER,CCACHE_DIR "$@"
}

# debian_mirrors: what this machine's apt has packages of Debian's main from, a line for each:
# <label>|<codename>|<address>.
debian_mirrors() {
  # shellcheck disable=SC2016  # for apt
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(REPO_URI)' \
    'Created-By: Packages' 'Component: main' | sed -n 's/^Debian|//p'
}

# debian_sources <suite>: lines of a sources.list, with the mirror that this machine has its own packages
# from, and with the suite's security updates if this machine has them. Experimental is sid with
# experimental over it.
debian_sources() {
  local suite=$1 mirrors mirror=${FUSEBOX_DEBIAN_MIRROR:-} security=
  if [ -z "$mirror" ]; then
    mirrors=$(debian_mirrors)
    mirror=$(sed -n '/^Debian|/{s/.*|//p;q}' <<< "$mirrors")
    security=$(sed -n "/^Debian-Security|$suite-security|/{s/.*|//p;q}" <<< "$mirrors")
  fi
  [ -n "$mirror" ] ||
    die "apt is told of no Debian mirror here: set FUSEBOX_DEBIAN_MIRROR to the address of one"
  case $suite in
    experimental) printf 'deb %s sid main\ndeb %s experimental main\n' "$mirror" "$mirror" ;;
    *) printf 'deb %s %s main\n' "$mirror" "$suite" ;;
  esac
  [ -z "$security" ] || printf 'deb %s %s-security main\n' "$security" "$suite"
}

# apt_options: how this machine gets to a mirror (proxies, and what is made of the dates of lists), a
# line for each option.
apt_options() {
  apt-config dump --format '%F "%v";%n' Acquire |
    grep -E '^Acquire::(https?::|ftp::|Check-|Retries|ForceIPv)' || true
  echo 'Acquire::Languages "none";'
}

# remove_debian_system <folder>: unless something is mounted in it, which would be removed with it.
remove_debian_system() {
  ! grep -q -F " ${1// /\\040}/" /proc/self/mountinfo || die "not removed: something is mounted in $1"
  rm -rf --one-file-system "$1"
}

# make_debian_system <folder> <suite>: the essential packages and apt, in place of whatever the folder
# had.
make_debian_system() {
  local folder=$1 suite=$2 text sources options base=$2 arguments=(--variant=apt)
  text=$(debian_sources "$suite")
  mapfile -t sources <<< "$text"
  text=$(apt_options)
  mapfile -t options <<< "$text"
  if [ "$suite" = experimental ]; then base=sid; fi
  # Without certificates no mirror's address of https is trusted.
  if [[ "${sources[*]}" == *https:* ]]; then arguments+=(--include=ca-certificates); fi
  remove_debian_system "$folder"
  mkdir -p "$(dirname "$folder")"
  quietly "Making a small system of Debian's $suite: half a minute" \
    unshare --mount --pid --fork --kill-child --propagation private \
    mmdebstrap "${arguments[@]}" "${options[@]/#/--aptopt=}" "$base" "$folder" "${sources[@]}"
  # A system that is lost to a power cut is made again.
  echo force-unsafe-io > "$folder/etc/dpkg/dpkg.cfg.d/fusebox"
  # No package starts a server.
  printf '#!/bin/sh\nexit 101\n' > "$folder/usr/sbin/policy-rc.d"
  chmod 755 "$folder/usr/sbin/policy-rc.d"
}

# in_debian_system <folder> [ro|rw <folder of this machine> <its place there>]... -- <command>...: the
# command in that system, as root, with an empty /tmp. Nothing can write to what is mounted `ro`.
in_debian_system() {
  # shellcheck disable=SC2016  # for the shell inside
  unshare --mount --pid --fork --kill-child --propagation private bash -c '
    set -euo pipefail
    root=$1
    shift
    while [ "$1" != -- ]; do
      mkdir -p "$root$3"
      mount --bind "$2" "$root$3"
      if [ "$1" = ro ]; then mount -o remount,bind,ro "$root$3"; fi
      shift 3
    done
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    cp --remove-destination -L /etc/resolv.conf "$root/etc/resolv.conf"
    exec chroot "$root" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' - "$@" < /dev/null
}
