#!/bin/sh
# What the door VM boots and what is installed in it, once, into a cache outside the repository.
# usage: prepare.sh      needs root and what kernel.sh, disk.sh and ../systemd/wheels.sh need:
#   apt install mmdebstrap e2fsprogs patch gcc make flex bison bc xz-utils
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/kernel.sh"
"$here/disk.sh"
"$here/../systemd/wheels.sh" trixie "${XDG_CACHE_HOME:-$HOME/.cache}/onelook/systemd/wheels-trixie"
