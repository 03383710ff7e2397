#!/bin/sh
# Root file systems with sshd and wheelhouses for doors that Ansible reaches, once, into the cache
# of the systemd lane.
# usage: prepare.sh SUITE...      bookworm, trixie; needs root, mmdebstrap and an index for pip
set -eu
systemd=$(cd "$(dirname "$0")/../systemd" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onelook/systemd
mkdir -p "$cache"
for suite in "$@"; do
    "$systemd/wheels.sh" "$suite" "$cache/wheels-$suite"
    "$systemd/root.sh" "$suite" "$cache/ssh-$suite" openssh-server sudo
done
