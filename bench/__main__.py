"""`python -m bench`: everything, as tables on the terminal and as files in --out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from edge.contract.errors import OnelookError

_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Returns the exit code."""
    # One thread for numpy, as the door has it; read at numpy's import, so before everything else.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    args = _parser().parse_args()
    try:
        return _broker(args) if args.broker else _everything(args)
    except OnelookError as e:
        print(f"error: {e.what} {e.why}\nhint: {e.remedy}", file=sys.stderr)
        return e.exit_code


def _everything(args: argparse.Namespace) -> int:
    from bench.plot import plot
    from bench.run import run
    from bench.table import written

    results = run(args)
    tables = written(results)
    args.out.mkdir(parents=True, exist_ok=True)
    document = json.dumps(results.document(), indent=1) + "\n"
    (args.out / "results.json").write_text(document, encoding="utf-8")
    (args.out / "tables.md").write_text(tables, encoding="utf-8")
    (args.out / "cost-and-accuracy.svg").write_text(plot(results.dots), encoding="utf-8")
    print(tables)
    print(f"written to {args.out}: results.json, tables.md, cost-and-accuracy.svg")
    return 0


def _broker(args: argparse.Namespace) -> int:
    from bench.broker import beside_a_broker

    tables, document = beside_a_broker(args.broker)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "broker.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (args.out / "broker.md").write_text(tables, encoding="utf-8")
    print(tables)
    print(f"written to {args.out}: broker.json, broker.md")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/bench"), metavar="DIR")
    parser.add_argument("--rounds", type=_positive, default=60, metavar="N", help="else 60")
    parser.add_argument(
        "--faces", type=Path, metavar="TAR", help="whole photographs, else the demo's are shown"
    )
    parser.add_argument(
        "--teachers", type=Path, metavar="DIR", help="others' networks, as YuNet and SFace"
    )
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=Path(".venv-peers/bin/python"),
        metavar="FILE",
        help="of an environment with face_recognition in it",
    )
    parser.add_argument(
        "--boards", type=Path, default=_RESULTS, metavar="DIR", help="files of pi-selftest --csv"
    )
    parser.add_argument(
        "--events", type=_positive, default=1_000_000, metavar="N", help="the largest event log"
    )
    parser.add_argument(
        "--training", action="store_true", help="and how fast a training is; ten minutes more"
    )
    parser.add_argument(
        "--broker",
        type=_positive,
        nargs="?",
        const=10,
        metavar="ROUNDS",
        help="only this: what an MQTT broker costs a press; needs mosquitto and paho-mqtt; else 10",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    sys.exit(main())
