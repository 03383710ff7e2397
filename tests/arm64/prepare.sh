#!/usr/bin/env bash
# An arm64 Debian in a folder, without root, without binfmt and without booting anything:
#
#     tests/arm64/prepare.sh
#
#     $CACHE/qemu-aarch64         QEMU from trixie; bookworm's 7.2 crashes inside LiteRT
#     $CACHE/3.13/debian            trixie, as Raspberry Pi OS has it, with the door's lock file
#     $CACHE/3.11/debian            bookworm, with the lock file of tflite-runtime, both engines in it
#     $CACHE/3.1x/python          starts that root's Python; CPU=cortex-a76 for another processor
#
# What is there and was made from the same lock file is kept. CACHE is ~/.cache/onelook/arm64 unless
# it is set, about 700 MB. Packages come from this machine's own Debian mirror, or DEBIAN_MIRROR=URL;
# wheels from the index that pip is set up for, and the hashes say whether they are the right ones.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onelook/arm64}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
pip=deploy/pip/pip-26.3-py3-none-any.whl/pip

refuse() {
  echo "error: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

require() {
  for tool in apt-get:apt dpkg-deb:dpkg flock:util-linux sha256sum:coreutils; do
    command -v "${tool%:*}" >/dev/null || refuse "${tool%:*} is missing" "apt install ${tool#*:}"
  done
  [ -e "$keyring" ] || refuse "$keyring is missing" "apt install debian-archive-keyring"
}

mirror() {
  local of_apt
  of_apt=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
    grep -E '^(deb|URIs:) ' | grep -oEm1 '[a-z]+://[^ ]*/debian/?( |$)' | head -n 1) || true
  [ -n "${DEBIAN_MIRROR:-$of_apt}" ] ||
    refuse "no mirror of Debian in /etc/apt" "DEBIAN_MIRROR=URL names one"
  echo "${DEBIAN_MIRROR:-$of_apt}"
}

# fetch SUITE ARCHITECTURE FOLDER PACKAGE...: their files and those of all that they depend on.
# apt with a state of its own: nothing is installed, and the machine's lists stay as they are.
fetch() {
  local suite=$1 architecture=$2 folder=$3
  shift 3
  mkdir -p "$folder/lists/partial" "$folder/archives/partial"
  : >"$folder/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$folder/sources.list"
  local apt=(apt-get -qq -y -o "Dir::State=$folder" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder" -o "Dir::Etc::sourcelist=$folder/sources.list"
    -o Dir::Etc::sourceparts=/dev/null -o "APT::Architecture=$architecture"
    -o "APT::Architectures=$architecture" -o APT::Install-Recommends=false
    -o APT::Sandbox::User=root -o Acquire::Languages=none)
  "${apt[@]}" update
  "${apt[@]}" install --download-only "$@" >/dev/null
}

get_qemu() {
  echo "Fetching QEMU's emulator of arm64"
  fetch trixie "$(dpkg --print-architecture)" "$work" qemu-user
  dpkg-deb --extract "$work"/archives/qemu-user_*.deb "$work/qemu"
  mv "$work/qemu/usr/bin/qemu-aarch64" "$1"
}

# make_root SUITE VERSION LOCK FOLDER
make_root() {
  local suite=$1 version=$2 lock=$3 folder=$4 new=$work/$2
  echo "Making $folder from $suite and $lock"
  fetch "$suite" arm64 "$work/$suite" python3-minimal "libpython$version-stdlib" libstdc++6
  mkdir -p "$new/debian"
  for package in "$work/$suite/archives"/*.deb; do
    dpkg-deb --extract "$package" "$new/debian"
  done
  # Where the loader is looked for; in trixie a package's script would make the link.
  [ -e "$new/debian/lib" ] || ln -s usr/lib "$new/debian/lib"
  cat >"$new/python" <<END
#!/bin/sh
# No site module: what Debian adds to the path there is of no use without its packages.
here=\$(dirname "\$(readlink -f "\$0")")
exec "\${QEMU:-\$here/../qemu-aarch64}" -cpu "\${CPU:-cortex-a72}" -L "\$here/debian" \\
  -E "PYTHONPATH=\$here/debian/opt/door\${PYTHONPATH:+:\$PYTHONPATH}" \\
  -E PYTHONDONTWRITEBYTECODE=1 "\$here/debian/usr/bin/python$version" -S "\$@"
END
  chmod +x "$new/python"
  # pip itself runs emulated: only so do the markers of the lock file see the Python of the target.
  QEMU=${QEMU:-$cache/qemu-aarch64} "$new/python" "$pip" install --quiet --no-compile \
    --root-user-action=ignore --only-binary=:all: --require-hashes \
    --target "$new/debian/opt/door" -r "$lock"
  made_from "$lock" >"$new/made-from"
  rm -rf "$folder"
  mv "$new" "$folder"
}

made_from() {
  cat "$1" tests/arm64/prepare.sh | sha256sum
}

current() {
  [ "$(cat "$2/made-from" 2>/dev/null)" = "$(made_from "$1")" ]
}

require
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9  # two at once would make the same folder
work=$(mktemp -d "$cache/making.XXXXXX")
trap 'rm -rf "$work"' EXIT
mirror=$(mirror)

[ -n "${QEMU:-}" ] || [ -x "$cache/qemu-aarch64" ] || get_qemu "$cache/qemu-aarch64"
current requirements/door.txt "$cache/3.13" ||
  make_root trixie 3.13 requirements/door.txt "$cache/3.13"
current requirements/tflite.txt "$cache/3.11" ||
  make_root bookworm 3.11 requirements/tflite.txt "$cache/3.11"
