"""`onelook mqtt`, `tell` and `metrics`: what a door tells those who are not at it."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from edge.cli.arguments import Commands
from edge.cli.output import publish
from edge.config import Config, load_config
from edge.contract.errors import ConfigError


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    mqtt = commands.add(
        "mqtt",
        summary="tell an MQTT broker what happens (onelook-mqtt.service starts it)",
        example="sudo -u onelook-mqtt onelook mqtt --check",
        run=_mqtt,
    )
    mqtt.add_argument("--check", action="store_true", help="connect to the broker, say so and end")
    mqtt.add_argument(
        "--log",
        type=Path,
        metavar="SOCKET",
        help="where onelook-tell.socket hands out the log; else it is read here",
    )
    commands.add(
        "tell",
        summary="hand out the log, a line for each event (onelook-tell.socket starts it)",
        example='echo "after 0 -" | sudo -u onelook onelook tell',
        run=_tell,
    )
    metrics = commands.add(
        "metrics",
        summary="how door and machine are, in figures for Prometheus",
        example="onelook metrics --textfile /var/lib/prometheus/node-exporter/onelook.prom",
        run=_metrics,
    )
    metrics.add_argument(
        "--textfile", type=Path, metavar="FILE", help="written whole, for node_exporter"
    )


def _mqtt(args: argparse.Namespace) -> int:
    config = load_config(args.config)
    settings = config.mqtt
    if not settings.broker:
        raise ConfigError(
            "[mqtt] broker is empty: nobody is told anything.",
            remedy='Name one, as broker = "broker.lan"; see docs/fleet.md.',
        )
    from edge.mqtt import publisher

    if args.check:
        publisher.check(settings)
        return publish(args, "mqtt", ["the broker takes this door"], broker=settings.broker)
    from edge import notify
    from edge.mqtt.acknowledged import Acknowledged
    from edge.mqtt.feed import connected, started
    from edge.signals import stop_signals

    teller = partial(connected, args.log) if args.log else partial(started, args.config)
    with stop_signals() as stop:
        notify.ready()
        publisher.publish_log(settings, teller, Acknowledged(_state_of(config)), stop)
    return 0


def _state_of(config: Config) -> Path:
    """systemd's StateDirectory= for the service, else beside the door's own."""
    given = os.environ.get("STATE_DIRECTORY")
    return Path(given) if given else config.paths.state_dir.with_name("onelook-mqtt")


def _tell(args: argparse.Namespace) -> int:
    from edge.tell.serve import tell

    tell(load_config(args.config), sys.stdin.buffer, sys.stdout.buffer)
    return 0


def _metrics(args: argparse.Namespace) -> int:
    from edge.store.files import write_whole
    from edge.tell.log import Log
    from edge.tell.prometheus import exposition
    from edge.tell.state import DoorState
    from edge.vitals import vitals

    config = load_config(args.config)
    log = Log(config.paths.state_dir)
    seq, state, health = log.newest().seq, DoorState(config, log).document(), vitals()
    lines = exposition(seq, state, health)
    if args.textfile is not None:
        write_whole(args.textfile, "".join(f"{line}\n" for line in lines).encode(), mode=0o644)
        lines = [f"written: {args.textfile}"]
    return publish(args, "metrics", lines, seq=seq, state=state, health=health)
