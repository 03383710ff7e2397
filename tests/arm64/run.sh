#!/usr/bin/env bash
# Do both engines run the shipped bundle, here and on an emulated Raspberry Pi 4 and 5?
#
#     make test-arm64                             # 9 minutes the first time, then 5
#     make test-arm64 ARGS="--faces PEOPLE.tar"   # more people, as training reads them; repeatable
#     make test-arm64 ARGS=--here                 # this machine's engines only, nothing emulated
#     make test-arm64 ARGS=--json                 # the figures on stdout, all else on stderr
#
# One JSON line for each engine, Python and processor: it loads the bundle, signature and all, and
# must answer the golden inputs (exit code 1 if one does not). Then tables of how far each is from
# this machine's LiteRT. Emulated seconds say nothing about a Pi's.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/onelook/arm64}
here=${TEST:-.venv-test}/bin/python tflite=${TFLITE:-.venv-tflite}/bin/python
emulate=yes faces=() json=()
while [ $# -gt 0 ]; do
  case $1 in
    --here) emulate=no ;;
    --json) json=(--json) ;;
    --faces) faces+=("${2:?--faces needs a file}") && shift ;;
    *) echo "error: $1: no such option; the first lines of $0 name them" >&2 && exit 2 ;;
  esac
  shift
done
[ -x "$here" ] || { echo "error: $here is missing" >&2; echo "hint: make test-arm64" >&2; exit 1; }
[ $emulate = no ] || tests/arm64/prepare.sh >&2

export PYTHONPATH=$PWD
unset ONELOOK_CONFIG
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0 answers=()

# probe ENGINE CPU PYTHON: with --json, stdout is for the figures alone
probe() {
  local file
  file=$work/$(printf '%02d' "${#answers[@]}").npz
  if ONELOOK_ENGINE=$1 CPU=$2 "$3" tests/arm64/probe.py "$work/crops.npz" "$file" --cpu "$2" >&3; then
    answers+=("$file")
  else
    echo "error: $1 does not run the bundle as it promises: $3 ${2:-on this machine}" >&2
    status=1
  fi
}

exec 3>&1
[ ${#json[@]} = 0 ] || exec 3>&2
"$here" tests/arm64/crops.py "$work/crops.npz" ${faces[@]:+--faces "${faces[@]}"}
probe ai-edge-litert "" "$here"
[ ! -x "$tflite" ] || probe tflite-runtime "" "$tflite"
if [ $emulate = yes ]; then
  for cpu in cortex-a72 cortex-a76; do # Raspberry Pi 4 and 5
    probe ai-edge-litert $cpu "$cache/3.13/python"
    probe ai-edge-litert $cpu "$cache/3.11/python"
    probe tflite-runtime $cpu "$cache/3.11/python"
  done
fi
if [ ${#answers[@]} -gt 1 ]; then
  "$here" tests/arm64/disagreement.py "$work/crops.npz" "${answers[@]}" "${json[@]}"
fi
exit $status
