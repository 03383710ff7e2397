#!/bin/sh
# The door VM's disk: Debian trixie with what Raspberry Pi OS adds for pins and camera, once.
# usage: disk.sh      root; mmdebstrap, e2fsprogs, patch, an index for pip
# It ends as disk.img, sparse, in ${XDG_CACHE_HOME:-~/.cache}/onelook/doorvm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/onelook/doorvm
key=$(cat "$0" "$here/../systemd/root.sh" "$here/picamera2.patch" $(find "$here/root" -type f | LC_ALL=C sort) |
    sha256sum | cut -c1-16)
[ "$(cat "$cache/disk.key" 2>/dev/null)" != "$key" ] || exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/.disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
# In Debian; the compiler is for what has no wheel for Python 3.13.
"$here/../systemd/root.sh" trixie "$root" e2fsprogs dmsetup \
    python3-libcamera libcamera-ipa python3-prctl python3-pil python3-piexif \
    gcc libc6-dev python3-dev python3-setuptools swig
# On Raspberry Pi's archive as packages, elsewhere on pip's index.
pip=$(echo "$here"/../../deploy/pip/pip-*.whl)
python3 "$pip/pip" download --quiet --no-deps --no-binary :all: -d "$root/wheels" lgpio==0.2.2.0 PiDNG==4.0.9
python3 "$pip/pip" download --quiet --no-deps --only-binary :all: -d "$root/wheels" \
    --python-version 3.13 --platform manylinux_2_28_x86_64 \
    picamera2==0.3.38 simplejpeg==1.9.0 videodev2==0.0.4
cp "$pip" "$root/wheels/"
# PYPI=1: lgpio brings its C library instead of asking for the system's.
chroot "$root" sh -c "PYPI=1 python3 /wheels/${pip##*/}/pip install --quiet --break-system-packages --root-user-action ignore \
    --no-index --no-deps --no-build-isolation /wheels/lgpio* /wheels/[pP]i[dD][nN][gG]* \
    /wheels/picamera2* /wheels/simplejpeg* /wheels/videodev2*"
rm -rf "$root/wheels"
cp -r "$here/root/." "$root/"
patch -s -p1 -d "$root/usr/local/lib/python3.13/dist-packages" <"$here/picamera2.patch"
chroot "$root" groupadd --system gpio
chroot "$root" passwd --quiet --delete root
echo door >"$root/etc/hostname"
truncate -s 4G "$work/disk.img"
mke2fs -q -t ext4 -d "$root" "$work/disk.img"
mv "$work/disk.img" "$cache/disk.img"
echo "$key" >"$cache/disk.key"
