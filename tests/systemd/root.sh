#!/bin/sh
# A Debian root file system with systemd and Python, once.
# usage: root.sh SUITE FOLDER [PACKAGE...]      bookworm, trixie; needs root and mmdebstrap
set -eu
suite=$1 folder=$2
shift 2
[ ! -d "$folder" ] || exit 0
mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' \
    /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | head -1)
packages=$(printf '%s,' systemd-sysv dbus udev kmod python3 python3-systemd procps "$@")
new=$(dirname "$folder")/.new-$(basename "$folder")
rm -rf "$new"
mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Apt::Install-Recommends "0"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --include="${packages%,}" "$suite" "$new" "${mirror:-http://deb.debian.org/debian}"
mv "$new" "$folder"
