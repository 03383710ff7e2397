#!/bin/sh
# Root file systems and wheelhouses of the systemd lane, once, into a cache outside the repository.
# usage: prepare.sh SUITE...      bookworm, trixie; needs root, mmdebstrap and an index for pip
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onelook/systemd
mkdir -p "$cache"
for suite in "$@"; do
    "$here/wheels.sh" "$suite" "$cache/wheels-$suite"
    "$here/root.sh" "$suite" "$cache/$suite"
done
