#!/bin/sh
# The door VM's kernel, user-mode Linux with simulated GPIO lines, once for each configuration.
# usage: kernel.sh       root or not; gcc, make, flex, bison, bc, patch, xz; apt for linux-source-6.12
# About 10 minutes of one core. It ends as linux in ${XDG_CACHE_HOME:-~/.cache}/onelook/doorvm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onelook/doorvm
key=$(cat "$here/uml.config" "$here/pi.patch" | sha256sum | cut -c1-16)
[ "$(cat "$cache/linux.key" 2>/dev/null)" != "$key" ] || exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/.kernel.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -qq -o APT::Sandbox::User=root linux-source-6.12
dpkg-deb -x linux-source-6.12_*.deb package
mkdir source
tar -xJf package/usr/src/linux-source-6.12.tar.xz -C source --strip-components=1
rm -rf package linux-source-6.12_*.deb
cd source
patch -s -p1 <"$here/pi.patch"
make -s ARCH=um defconfig
scripts/kconfig/merge_config.sh -m .config "$here/uml.config" >/dev/null
make -s ARCH=um olddefconfig
grep '^[^#]\|^# CONFIG_.* is not set' "$here/uml.config" | while read -r line; do
    # What depends on something that is off is not even mentioned as off.
    grep -qxF "$line" .config && continue
    option=$(expr "$line" : '[# ]*\(CONFIG_[A-Z0-9_]*\)')
    case $line in '#'*) ! grep -q "^$option=" .config && continue ;; esac
    echo "kernel.sh: not in the configuration: $line" >&2 && exit 1
done
make -s ARCH=um KCFLAGS=-w -j"${JOBS:-$(nproc)}" linux
cp linux "$cache/linux.new"
mv "$cache/linux.new" "$cache/linux"
echo "$key" >"$cache/linux.key"
