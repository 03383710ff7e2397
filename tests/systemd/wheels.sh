#!/bin/sh
# What a door unit of a suite installs, as wheels in a folder; other locks, other wheels.
# usage: wheels.sh SUITE FOLDER      bookworm, trixie; needs an index for pip
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
suite=$1 wheels=$2
case $suite in
bookworm) python=3.11 lock=door-bookworm ;;
trixie) python=3.13 lock=door ;;
*) echo "wheels.sh: $suite: bookworm or trixie" >&2 && exit 2 ;;
esac
key=$(cat "$here/requirements/$lock.txt" "$here/requirements/build.txt" | sha256sum | cut -c1-16)
[ "$(cat "$wheels/key" 2>/dev/null)" != "$key" ] || exit 0
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
