#!/bin/sh
# Root file systems and wheelhouses of the systemd lane, once, into a cache outside the repository.
# usage: prepare.sh SUITE...      bookworm, trixie; needs root, mmdebstrap and an index for pip
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onelook/systemd
packages=systemd-sysv,dbus,udev,kmod,python3,python3-systemd,procps
mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | head -1)
mkdir -p "$cache"
for suite in "$@"; do
    case $suite in
    bookworm) python=3.11 lock=door-bookworm ;;
    trixie) python=3.13 lock=door ;;
    *) echo "prepare.sh: $suite: bookworm or trixie" >&2 && exit 2 ;;
    esac
    if [ ! -d "$cache/$suite" ]; then
        rm -rf "$cache/.new-$suite"
        mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Apt::Install-Recommends "0"' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
            --include=$packages "$suite" "$cache/.new-$suite" "${mirror:-http://deb.debian.org/debian}"
        mv "$cache/.new-$suite" "$cache/$suite"
    fi
    # Other locks, other wheels.
    key=$(cat "$here/requirements/$lock.txt" "$here/requirements/build.txt" | sha256sum | cut -c1-16)
    wheels=$cache/wheels-$suite
    if [ "$(cat "$wheels/key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$wheels"
        mkdir -p "$wheels"
        pip=$(echo "$here"/deploy/pip/pip-*.whl)
        PYTHONPATH=$pip python3 "$here/tests/systemd/for_python.py" $python "$here/requirements/$lock.txt" \
            "$here/requirements/build.txt" >"$wheels/requirements.txt"
        python3 "$pip/pip" download --quiet --only-binary :all: \
            --require-hashes --no-deps --python-version $python --platform manylinux_2_17_x86_64 \
            --platform manylinux2014_x86_64 --platform manylinux_2_27_x86_64 \
            --platform manylinux_2_28_x86_64 --platform manylinux_2_34_x86_64 \
            -r "$wheels/requirements.txt" -d "$wheels"
        echo "$key" >"$wheels/key"
    fi
done
