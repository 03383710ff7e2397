"""`onelook model show`, `swap`, `rollback` and `trust`: which network decides, and whose."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.arguments import Commands
from edge.cli.output import note, publish
from edge.config import load_config
from edge.contract.errors import BundleError, MissingError, OnelookError, UsageError

if TYPE_CHECKING:
    from edge.config import Config
    from edge.contract.bundle import Bundle
    from edge.contract.levels import Level, Step
    from edge.contract.manifest import Manifest
    from edge.store.people import Gallery

_RESTART = "It counts when both services have started again: systemctl restart onelook-eye onelook"


def register(commands: Commands) -> None:
    """Add what this module holds to the parser."""
    model = commands.add(
        "model",
        summary="show or change the network that decides",
        example="onelook model swap bundles/face-2",
        run=None,
    )
    parts = Commands(model, title="commands")
    parts.add(
        "show",
        summary="show the network, who signed it, and its rates for your gallery",
        example="onelook model show",
        run=_show,
    )
    swap = parts.add(
        "swap",
        summary="try a signed bundle on this machine, and take it",
        example="onelook model swap bundles/face-2",
        run=_swap,
    )
    swap.add_argument("bundle", type=Path, metavar="BUNDLE", help="a folder made by `convert`")
    swap.add_argument("-y", "--yes", action="store_true", help="do not ask")
    swap.add_argument("--dry-run", action="store_true", help="try it, and change nothing")
    parts.add(
        "rollback",
        summary="go back to the network before the last swap, though it is older",
        example="onelook model rollback",
        run=_rollback,
    )
    trust = parts.add(
        "trust",
        summary="take the owner's newer list of signing keys",
        example="onelook model trust keys.json",
        run=_trust,
    )
    trust.add_argument("keys", type=Path, metavar="KEYS", help="a keys.json of `convert keys`")


def _show(args: argparse.Namespace) -> int:
    from edge.store.gallery import GalleryStore
    from edge.store.models import Models
    from edge.trusted import bundle_path, trusted_bundle

    config = load_config(args.config)
    bundle = trusted_bundle(config)
    gallery = GalleryStore(config.paths.state_dir).load()
    manifest, level = bundle.manifest, _level(config, bundle.manifest)
    try:
        step, full = _step(manifest, level, gallery), ""
    except BundleError as e:
        step, full = level.steps[-1], e.what
    before = None if config.recognition.bundle else Models(config.paths.models_dir).previous()
    folder, tested = bundle_path(config), manifest.tested_on
    return publish(
        args,
        "model",
        [
            f"{manifest.name}, serial {manifest.serial}, model {manifest.model} ({folder})",
            f"signed by {bundle.signer or 'nobody: unsigned bundles are allowed here'}",
            *([f"to go back to {before}: onelook model rollback"] if before else []),
            f"level {level.name}, for galleries of up to {level.most_people} people",
            full or f"your gallery has the threshold for {step.people}: {step.distance:.5f}",
            *_rates(step),
            f"measured on {tested.images:,} pictures of {tested.people:,} people, none of yours",
        ],
        name=manifest.name,
        serial=manifest.serial,
        model=manifest.model,
        signer=bundle.signer,
        level=level.name,
        most_people=level.most_people,
        too_many_people=bool(full),
        threshold=step.distance,
        fmr_upper=step.tested.fmr.upper,
        presses=[
            {"templates": p.templates, "far_upper": p.far.upper, "frr": p.frr.value}
            for p in step.presses
        ],
        before=str(before) if before else None,
    )


def _swap(args: argparse.Namespace) -> int:
    from edge.contract.bundle import load_bundle
    from edge.contract.signing import Trust
    from edge.door.newcomers import Newcomers
    from edge.eye.trial import try_out
    from edge.store.events import EventStore
    from edge.store.gallery import GalleryStore
    from edge.store.models import Models
    from edge.trusted import key_list

    config = load_config(args.config)
    _require_no_fixed_bundle(config)
    listed = key_list(config)
    trust = Trust(listed.keys, config.recognition.allow_unsigned)
    bundle = load_bundle(args.bundle, trust)
    manifest = bundle.manifest
    with EventStore(config.paths.state_dir) as events:
        Newcomers(events, bundle, listed)  # nothing older
    store = GalleryStore(config.paths.state_dir)
    gallery, level = store.load(), _level(config, manifest)
    _step(manifest, level, gallery)
    models = Models(config.paths.models_dir)
    # From here on the bytes that were verified count, and BUNDLE is not looked at again.
    with models.copied(bundle.everything()) as copy:
        load_bundle(copy, trust)
        try_out(copy)
        anew = _with_kept_crops(gallery, bundle, config)
        again = _must_enrol_again(anew, manifest.model)
        flips = _confused(manifest, _step(manifest, level, anew), anew)
        if not args.dry_run:
            if again and not args.yes:
                _confirm(again)
            if anew is not gallery:
                with store.change() as change:
                    change.commit(_with_kept_crops(change.gallery, bundle, config))
            models.keep(copy, manifest.serial, bundle.digest)
    return publish(
        args,
        "model_swap",
        [
            f"{manifest.name}, serial {manifest.serial}, signed by {bundle.signer or 'nobody'}.",
            "This machine answers its golden inputs as promised.",
            _told_again(again),
            *flips,
            "Nothing was changed." if args.dry_run else _RESTART,
        ],
        model=manifest.model,
        serial=manifest.serial,
        signer=bundle.signer,
        enrol_again=len(again),
        embedded_anew=_templates_of(anew, manifest.model) - _templates_of(gallery, manifest.model),
        confused=flips,
        changed=not args.dry_run,
    )


def _rollback(args: argparse.Namespace) -> int:
    """To the bundle before; or, without one, to the configured or shipped one that has got older.

    The door refuses such a one until the owner says so here.
    """
    from edge.contract.bundle import load_bundle
    from edge.eye.trial import try_out
    from edge.store.accepted import BUNDLE, accept, event
    from edge.store.events import EventStore
    from edge.store.gallery import GalleryStore
    from edge.store.models import Models
    from edge.trusted import bundle_path, trust_of

    config = load_config(args.config)
    models = Models(config.paths.models_dir)
    before = None if config.recognition.bundle else models.previous()
    folder = before or bundle_path(config)
    bundle = load_bundle(folder, trust_of(config))
    manifest, word = bundle.manifest, "bundle_rolled_back"
    gallery = GalleryStore(config.paths.state_dir).load()
    _step(manifest, _level(config, manifest), gallery)
    with EventStore(config.paths.state_dir) as events:
        last = events.accepted(BUNDLE)
        older = last is not None and manifest.serial <= last[0] and last[1] != bundle.digest
        if before is None and not (bundle.signer and older):
            raise MissingError("no bundle to go back to.", remedy="See: onelook model show")
        try_out(folder)
        if bundle.signer:
            accept(events, BUNDLE, manifest.serial, bundle.digest, reason=word)
        else:
            events.record(event(word, manifest.serial, bundle.digest), counter=None)
    if before is not None:
        models.go_back()
    again = _must_enrol_again(gallery, manifest.model)
    return publish(
        args,
        "model_rollback",
        [
            f"back to {manifest.name}, serial {manifest.serial}; the log says so.",
            _told_again(again),
            _RESTART,
        ],
        model=manifest.model,
        serial=manifest.serial,
        signer=bundle.signer,
        enrol_again=len(again),
    )


def _trust(args: argparse.Namespace) -> int:
    from edge.contract.bundle import load_manifest
    from edge.contract.signing import Trust, key_id, read_key_list
    from edge.store.accepted import accept, key_list_of, require_no_older
    from edge.store.events import EventStore
    from edge.store.models import Models
    from edge.trusted import bundle_path, owner_of, small_file

    config = load_config(args.config)
    if config.trust.keys:
        raise UsageError(
            f"[trust] keys names {config.trust.keys}, so no other list counts.",
            remedy="Replace that file, or take the key out of the configuration.",
        )
    if not args.keys.is_file():
        raise MissingError(f"{args.keys}: no such file.", remedy="Check the path.")
    raw = small_file(args.keys)
    listed = read_key_list(raw, owner_of(config), where=str(args.keys))
    kind = key_list_of(listed.owner)
    with EventStore(config.paths.state_dir) as events:
        new = require_no_older(events, kind, listed.serial, listed.digest)
        Models(config.paths.models_dir).bring_keys(raw)
        if new:
            accept(events, kind, listed.serial, listed.digest)
    try:
        load_manifest(bundle_path(config), Trust(listed.keys, config.recognition.allow_unsigned))
    except OnelookError as e:
        note(f"model: the bundle that runs is no longer one to trust: {e.what}")
    names = [key_id(key) for key in listed.keys]
    told = [f"list {listed.serial}: bundles signed by {' or '.join(names)} count.", _RESTART]
    return publish(args, "model_trust", told, serial=listed.serial, keys=names)


def _require_no_fixed_bundle(config: Config) -> None:
    if config.recognition.bundle:
        raise UsageError(
            f"[recognition] bundle names {config.recognition.bundle}, so no other one counts.",
            remedy="Change it there, or take the key out of the configuration.",
        )


def _with_kept_crops(gallery: Gallery, bundle: Bundle, config: Config) -> Gallery:
    """The same gallery if there is nothing to embed."""
    model = bundle.manifest.model
    if not any(t.crop and t.model != model for p in gallery.people for t in p.templates):
        return gallery
    from edge.cli.crops import embedded_anew
    from edge.eye.look import Eye

    return embedded_anew(gallery, Eye(bundle, config.gates), model)


def _templates_of(gallery: Gallery, model: str) -> int:
    return sum(t.model == model for p in gallery.people for t in p.templates)


def _confused(manifest: Manifest, step: Step, gallery: Gallery) -> list[str]:
    """Who would be taken for somebody else with this network, in a sentence each."""
    from edge.door.match import Matcher
    from edge.store.people import Gallery as People

    said = []
    for person in gallery.people:
        others = Matcher(manifest, People(tuple(p for p in gallery.people if p != person)))
        for template in person.templates:
            if template.model != manifest.model:
                continue
            nearest = others.nearest(template.embedding)
            if nearest is not None and nearest.distance < step.distance:
                name = next(p.name for p in gallery.people if p.id == nearest.person)
                said.append(f"With this network {person.name} could be taken for {name}.")
                break
    return said


def _must_enrol_again(gallery: Gallery, model: str) -> list[str]:
    return [p.name for p in gallery.people if all(t.model != model for t in p.templates)]


def _told_again(again: list[str]) -> str:
    return f"To be enrolled again: {', '.join(again)}." if again else "Everybody stays enrolled."


def _confirm(again: list[str]) -> None:
    """Raises: UsageError: there is no terminal to ask at. OnelookError: the answer was no."""
    people = "1 person" if len(again) == 1 else f"{len(again)} people"
    if not sys.stdin.isatty():
        raise UsageError(
            f"{people} would have to be enrolled again, and there is no terminal to ask at.",
            remedy="Say it: onelook model swap BUNDLE --yes",
        )
    note(f"{people} must be enrolled again: {', '.join(again)}.")
    sys.stderr.write("Take the bundle? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
        raise OnelookError("nothing was changed.", remedy="The bundle that runs stays.")


def _level(config: Config, manifest: Manifest) -> Level:
    """Raises: BundleError: the bundle has no level of that name. StorageError, PermissionsError."""
    from edge.store.chosen import level_for

    return level_for(config.paths.state_dir, manifest, config.recognition.level)


def _step(manifest: Manifest, level: Level, gallery: Gallery) -> Step:
    """Raises: BundleError: the gallery is larger than anybody has measured."""
    from edge.door.match import Matcher
    from edge.door.people import step_for

    return step_for(level, Matcher(manifest, gallery))


def _rates(step: Step) -> Iterator[str]:
    from edge.contract.levels import rounded_up

    for press in step.presses:
        photographs = "1 photograph" if press.templates == 1 else f"{press.templates} photographs"
        yield (
            f"  with {photographs} each: a stranger's press opens with a chance below "
            f"{rounded_up(press.far.upper):g}; recognition refuses {press.frr.value:.0%} of yours"
        )
