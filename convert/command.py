"""The commands of `convert`, each from its parsed options to what it prints; returns its exit code.

Each imports what it needs when it runs: most need the workstation's libraries, some do not.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.contract.errors import MissingError, OutputError
from edge.passphrase import passphrase

if TYPE_CHECKING:
    from edge.contract.signing import Trust

_DOCUMENT = "convert.json"


def build_command(args: argparse.Namespace) -> int:
    """Make a bundle and tell what was measured on the way."""
    from convert.write import check_target, write_bundle
    from train.files import write_text

    check_target(args.output, force=args.force)
    _make_folder(args.report, "--report")
    from convert import report
    from convert.build import Order, build

    order = Order(
        source=args.source,
        calibration=tuple(args.calibration),
        people=tuple(args.people),
        threshold_people=tuple(args.threshold_people),
        test_people=tuple(args.test_people),
        held_out_share=args.held_out_share,
        target_fmr=args.target_fmr,
        name=args.name,
        serial=args.serial,
        card=args.card,
        locator=args.locator,
    )
    built = build(order, _say)
    document = report.document(built.manifest)
    if args.report:
        write_text(args.report / _DOCUMENT, json.dumps(document, indent=1) + "\n")
        report.write_plot(args.report, built)
    write_bundle(args.output, built.manifest, built.files, force=args.force)
    return _publish(args, document, f"{report.table(built)}\n\n{args.output}")


def import_command(args: argparse.Namespace) -> int:
    """Make a run folder of somebody else's network."""
    from convert.importing import Foreign, import_network, told

    foreign = Foreign(args.network, args.preprocessing, args.bgr, args.view, args.licence)
    document = import_network(foreign, args.people, args.output)
    return _publish(args, document, told(document))


def locator_command(args: argparse.Namespace) -> int:
    """Make the locator's int8 files."""
    from convert.locator import convert_locator
    from convert.write import replace_file

    _make_folder(args.output, "-o")
    files = convert_locator(args.source, args.scenes, _say)
    for name, data in files.items():
        replace_file(args.output / name, data)
    document = {
        "schema": "onelook.locator/1",
        "ok": True,
        "files": {name: len(data) for name, data in files.items()},
    }
    text = "\n".join(f"{args.output / name}  {len(data):,} bytes" for name, data in files.items())
    return _publish(args, document, text)


def inspect_command(args: argparse.Namespace) -> int:
    """Tell what a bundle holds; its network is looked at, not run."""
    from convert import network, report
    from edge.contract.bundle import EMBEDDING, load_bundle
    from edge.contract.signing import UNCHECKED

    bundle = load_bundle(args.bundle, UNCHECKED)
    manifest, found = bundle.manifest, network.look(bundle.files[EMBEDDING]).operators
    document = report.document(manifest) | {"network": network.document(found)}
    text = "\n".join([report.description(manifest), "", *network.table(found)])
    return _publish(args, document, text)


def verify_command(args: argparse.Namespace) -> int:
    """Ask a bundle everything again, on this machine."""
    from convert.verify import verify

    manifest, found = verify(args.bundle, _trust(args))
    document = {
        "schema": "onelook.verify/1",
        "ok": True,
        "name": manifest.name,
        "serial": manifest.serial,
        "model": manifest.model,
        "checks": found,
    }
    return _publish(args, document, "\n".join(f"{name:<10} {text}" for name, text in found.items()))


def diff_command(args: argparse.Namespace) -> int:
    """Tell how two bundles differ; 1 if they do."""
    from convert.diff import diff, told

    document = diff(args.bundle, args.other, args.people)
    _publish(args, document, told(document))
    return 0 if document["equal"] else 1


def bench_command(args: argparse.Namespace) -> int:
    """Time a bundle's steps on this machine."""
    from convert.bench import bench, told

    document = bench(args.bundle, args.runs, beside=args.mobilenetv2)
    return _publish(args, document, told(document))


def variants_command(args: argparse.Namespace) -> int:
    """Hold the formats of one network against each other."""
    from convert.variants import Ask, told, variants
    from convert.write import replace_file

    _make_folder(args.output, "-o")
    ask = Ask(
        args.source, tuple(args.people), tuple(args.calibration), args.held_out_share, args.runs
    )
    document, files = variants(ask, _say)
    if args.output:
        for kind, data in files.items():
            replace_file(args.output / f"{kind}.tflite", data)
    return _publish(args, document, told(document))


def keygen_command(args: argparse.Namespace) -> int:
    """Make a private key and its public half beside it."""
    from convert.keys import generate
    from convert.write import replace_file
    from edge.contract.signing import key_id, owner_text, public_bytes

    phrase = passphrase(args.passphrase_file, twice=True, none=args.no_passphrase)
    public = public_bytes(generate(args.key, phrase))
    beside = args.key.with_suffix(".pub")
    replace_file(beside, owner_text(public))
    document = {
        "schema": "onelook.keygen/1",
        "ok": True,
        "id": key_id(public),
        "key": str(args.key),
        "public": str(beside),
    }
    return _publish(args, document, f"key {key_id(public)}\n{args.key}\n{beside}")


def keys_command(args: argparse.Namespace) -> int:
    """Make the signed list of keys that doors shall trust."""
    from convert.keys import load_private
    from convert.write import replace_file
    from edge.contract.signing import key_id, make_key_list, read_owner

    publics = [read_owner(_bytes_of(path), where=str(path)) for path in args.public]
    owner = load_private(args.owner, _phrase_for(args, args.owner))
    replace_file(args.output, make_key_list(args.serial, publics, owner))
    document = {
        "schema": "onelook.keys/1",
        "ok": True,
        "serial": args.serial,
        "keys": [key_id(public) for public in publics],
    }
    return _publish(args, document, f"{args.output}, serial {args.serial}")


def sign_command(args: argparse.Namespace) -> int:
    """Sign a bundle."""
    from convert.keys import load_private
    from convert.sign import sign_bundle

    name = sign_bundle(args.bundle, load_private(args.key, _phrase_for(args, args.key)))
    document = {"schema": "onelook.sign/1", "ok": True, "key": name}
    return _publish(args, document, f"{args.bundle}: signed with the key {name}")


def _phrase_for(args: argparse.Namespace, key: Path) -> bytes:
    from convert.keys import needs_passphrase

    return passphrase(args.passphrase_file, twice=False, none=not needs_passphrase(key))


def _trust(args: argparse.Namespace) -> Trust:
    """Whose signature `verify` asks for; without --owner and --keys it asks for none."""
    from edge.contract.signing import UNCHECKED, Trust, read_key_list, read_owner

    if not args.keys:
        return UNCHECKED
    owner_file = args.owner or args.keys.with_name("owner.pub")
    owner = read_owner(_bytes_of(owner_file), where=str(owner_file))
    return Trust(read_key_list(_bytes_of(args.keys), owner, where=str(args.keys)).keys)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise MissingError(f"{path}: cannot be read ({e.strerror})", remedy="check the path") from e


def _make_folder(folder: Path | None, option: str) -> None:
    """Now, so that no minutes are spent on what cannot be written."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutputError(
            f"{folder}: cannot be written ({e.strerror})",
            remedy=f"name another folder with {option}",
        ) from e


def _publish(args: argparse.Namespace, document: dict[str, object], text: str) -> int:
    sys.stdout.write((json.dumps(document, indent=1) if args.json else text) + "\n")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"convert: {line}\n")
    sys.stderr.flush()
