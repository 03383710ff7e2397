"""Who is who among several sources of pictures, and who of them a network was trained on.

A source is a path, or `PATH@LIST`: of those under PATH only the people whom the text file LIST
names, the first word of each line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.contract.errors import DataError, MissingError, UsageError
from train.data import NOBODY, Faces, FindFaces, Source, load_crops, split_people
from train.shards import Shards, is_sharded, joined_shards, open_shards

DEFAULT_SHARE = 0.2
_LIST = "@"


def read_sources(  # noqa: PLR0913 - one keyword per thing that decides what is read
    sources: Sequence[str],
    *,
    task: str,
    shape: tuple[int, int, int],
    aligned: bool = False,
    find: FindFaces | None = None,
    leave: bool = False,
) -> Faces | Shards:
    """The pictures of all sources; a name means the same person in each of them.

    aligned, find: as of `data.load_faces`. leave: those of a folder of tars, the only source then,
        are left where they are; else all are in memory.

    Raises:
        MissingError, DataError: as `data.load_crops`, or nobody of a list is there.
        UsageError: more than one source, and one of them is a folder of tars.
    """
    how = {"task": task, "shape": shape, "aligned": aligned, "find": find, "leave": leave}
    return joined([_read_source(source, **how) for source in sources])


def joined(parts: Sequence[Source]) -> Source:
    """Several sources as one; a name means the same person in all of them."""
    if any(isinstance(part, Shards) for part in parts):
        return joined_shards(parts)
    names = tuple(sorted({name for part in parts for name in part.names}))
    number = {name: i for i, name in enumerate(names)} | {"": NOBODY}
    person = [
        np.array([number[part.names[p] if p != NOBODY else ""] for p in part.person], np.int32)
        for part in parts
    ]
    return Faces(
        np.concatenate([part.crops for part in parts]),
        np.concatenate(person),
        names,
        tuple(file for part in parts for file in part.files),
        parts[0].task,
        tuple(picture for part in parts for picture in part.left_out),
    )


def trained_on(faces: Faces | Shards, config: Mapping[str, Any]) -> set[str]:
    """Those among `faces` whom the run trained on, as far as its config says.

    `people` lists them; else all but `held_out` are, which lists
    classes or folders of classes. Else they are those of the run's own sources
    whom its `held_out_share` left in; without a list of sources that is asked of everybody.
    """
    asked = faces.people()
    if "people" in config:
        return asked & set(config["people"])
    if "held_out" in config:
        return {name for name in asked if not _is_listed(name, config["held_out"])}
    if "held_out_share" not in config:
        return set()
    own = _own_sources(config)
    from_own = np.array([not own or file.partition(":")[0] in own for file in faces.files], bool)
    return split_people(faces.of(from_own), float(config["held_out_share"]))[0].people()


def untrained(faces: Source, config: Mapping[str, Any], share: float | None = None) -> Source:
    """The people of foreign sources, and those of the run's own whom it held out.

    Args:
        faces: of any sources.
        config: of the run.
        share: of the people of the run's own sources, how many it held out; else as the run says.

    Raises:
        UsageError: among them are people who were trained on.
    """
    own = _own_sources(config)
    # A run that does not say which its sources were may have had these; an empty list says: none.
    foreign = np.array(
        ["data" in config and file.partition(":")[0] not in own for file in faces.files], bool
    )
    inside = faces.of(~foreign)
    if share is None and "held_out" in config:
        listed = [_is_listed(name, config["held_out"]) for name in inside.names]
        kept = inside.of(np.array([*listed, False])[inside.person])
    else:
        _, kept = split_people(inside, held_out_share(config, share))
    known = faces.of(foreign & (faces.person != NOBODY))
    left_out = tuple(
        p for p in known.left_out if "data" in config and p.file.partition(":")[0] not in own
    )
    parts = [part for part in (replace(known, left_out=left_out), kept) if len(part)]
    found = joined(parts) if parts else kept
    fault = sorted(trained_on(found, config))
    if fault:
        raise UsageError(
            f"{len(fault)} of the people to measure on were trained on, {fault[0]!r} first",
            why="Rates on people whom a network was trained on are far too good.",
            remedy="leave --held-out-share as the run has it, or give other people",
        )
    return found


def held_out_share(config: Mapping[str, Any], given: float | None = None) -> float:
    """The share of people that is held out: as asked, else as the run did."""
    return given if given is not None else float(config.get("held_out_share", DEFAULT_SHARE))


def _is_listed(name: str, listed: Sequence[str]) -> bool:
    """Whether a class, or a folder that it lies in, is among `listed`."""
    return any(name == one or name.startswith(f"{one}/") for one in listed)


def _own_sources(config: Mapping[str, Any]) -> set[str]:
    """What the run's sources are called, without where they lay."""
    return {Path(path).name for path in config.get("data", ())}


def _read_source(source: str, *, leave: bool, **how: Any) -> Faces | Shards:  # noqa: ANN401 - as of `data.load_crops`
    path, _, listed = source.partition(_LIST) if not Path(source).exists() else (source, "", "")
    if leave and is_sharded(Path(path)):
        faces = open_shards(Path(path), task=how["task"], shape=how["shape"])
    else:
        faces = load_crops([Path(path)], **how)
    if not listed:
        return faces
    try:
        lines = Path(listed).read_text(encoding="utf-8").splitlines()
    except OSError as e:
        raise MissingError(
            f"{listed}: no list of people there ({e.strerror})", remedy="check the path after @"
        ) from e
    wanted = {line.split()[0] for line in lines if line.strip()}
    numbers = [i for i, name in enumerate(faces.names) if name in wanted]
    if not numbers:
        raise DataError(
            f"{source}: nobody of that list is there", remedy="check that list and pictures belong"
        )
    listed_ones = faces.of(np.isin(faces.person, numbers))
    return replace(listed_ones, left_out=tuple(p for p in faces.left_out if p.person in wanted))
