"""Which part of the program imports which, read from the syntax trees: nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("edge", "train", "convert", "bench")

# Modules that load pixels' native code. No part of the door process may reach one of them.
OF_THE_EYE = (
    "edge.contract.align",
    "edge.contract.locate",
    "edge.contract.picture",
    "edge.contract.quality",
    "edge.contract.whole",
    "edge.drawing",
    "edge.eye",
    "cv2",
)
ENGINES = ("ai_edge_litert", "tflite_runtime")
THE_ENGINES_FILE = "edge.eye.engine"
THE_SCHEMA = "ai_edge_litert.schema_py_generated"  # runs nothing: it only names a file's parts
OF_A_NETWORK = ("socket", "ssl", "http", "urllib", "paho", "edge.mqtt")
OF_THE_WORKSTATION = ("train", "convert", "tensorflow", "keras", "matplotlib")


@dataclass(frozen=True)
class Rule:
    """`inside` a part of the program: what of ours it may import, and what it must not."""

    inside: str
    may: tuple[str, ...]
    never: tuple[str, ...] = ()
    why: str = ""


# What stands at the bottom of edge, beside its folders, is for all of them.
ALONE = (
    *("edge", "edge.clock", "edge.config", "edge.journal", "edge.messages", "edge.notify"),
    *("edge.passphrase", "edge.shipped", "edge.signals", "edge.trusted"),
    "edge.vitals",
)

RULES = (
    # Figures are to be those of the door's engine, so they are measured with it.
    Rule(
        "train",
        ("train", "edge.contract", "edge.eye.engine", "edge.eye.locator", "edge.eye.look"),
        why="train shares the contract with the door",
    ),
    Rule(
        "convert",
        (
            "convert",
            "train",
            "edge.contract",
            "edge.eye.engine",
            "edge.eye.golden",
            "edge.eye.locator",
            "edge.eye.operators",
            "edge.passphrase",
            "edge.shipped",
        ),
        why="conversion never sees the door",
    ),
    # It measures the door by the door's own parts, and nothing knows that it does.
    Rule(
        "bench",
        (
            *("bench", "edge", "edge.cli.progress"),
            *("edge.config", "edge.contract", "edge.core", "edge.demo", "edge.door.match"),
            *("edge.eye", "edge.selftest", "edge.shipped", "edge.store", "edge.trusted"),
        ),
        why="bench measures the door, no workstation's program",
    ),
    Rule("edge", ("edge",), OF_THE_WORKSTATION, why="a door has no workstation's libraries"),
    Rule("edge.contract", ("edge", "edge.contract"), why="the contract is what all stand on"),
    Rule(
        "edge.core",
        ("edge.core", "edge.contract"),
        (*OF_THE_EYE, *ENGINES, "numpy", "sqlite3", "gpiozero", "threading", "time", "os"),
        why="the core decides and does nothing else",
    ),
    Rule(
        "edge.store",
        (*ALONE, "edge.store", "edge.contract"),
        (*OF_THE_EYE, *ENGINES, "gpiozero"),
        why="what keeps the gallery sees no pixels",
    ),
    Rule(
        "edge.door",
        (*ALONE, "edge.door", "edge.core", "edge.contract", "edge.store"),
        (*OF_THE_EYE, *ENGINES),
        why="the process that opens the door parses no pixels",
    ),
    Rule(
        "edge.eye",
        (*ALONE, "edge.eye", "edge.contract"),
        ("gpiozero", "sqlite3"),
        why="the process that parses pixels has no pins, no templates and not the key to them",
    ),
    # Who reads the log has no network, and who has a network reads no log.
    Rule(
        "edge.tell",
        (*ALONE, "edge.tell", "edge.contract", "edge.core.lockout", "edge.store"),
        (*OF_THE_EYE, *ENGINES, *OF_A_NETWORK, "gpiozero"),
        why="what hands out the log has no network and no way to the door",
    ),
    Rule(
        "edge.mqtt",
        (*ALONE, "edge.mqtt", "edge.contract", "edge.store.files", "edge.tell.place"),
        (*OF_THE_EYE, *ENGINES, "gpiozero", "sqlite3"),
        why="what speaks to a broker has no log, no gallery and no way to the door",
    ),
)


@dataclass(frozen=True)
class Arrow:
    """One import, wherever in the file it stands."""

    source: str
    target: str
    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.source} imports {self.target}"


def arrows(root: Path) -> list[Arrow]:
    """Every import in the programs' files under `root`, in-function and relative ones too."""
    files = sorted(file for program in PROGRAMS for file in (root / program).rglob("*.py"))
    modules = {_module(file, root): file for file in files}
    return [arrow for name, file in modules.items() for arrow in _imports(name, file, set(modules))]


def faults(found: list[Arrow]) -> list[str]:
    """The imports that a rule forbids, each with the rule's reason."""
    return (
        [
            f"{arrow}: {rule.why or 'not an arrow of the design'}"
            for arrow in found
            for rule in RULES
            if _within(arrow.source, rule.inside) and _forbidden(arrow.target, rule)
        ]
        + [
            f"{arrow}: the door imports this module too"
            for arrow in found
            if _within(arrow.target, "cv2")
            and _within(arrow.source, "edge.contract")
            and arrow.source not in OF_THE_EYE
        ]
        + [
            f"{arrow}: only {THE_ENGINES_FILE} may know the engine"
            for arrow in found
            if _within_any(arrow.target, ENGINES)
            and _within(arrow.source, "edge")
            and arrow.source != THE_ENGINES_FILE
            and not (arrow.source == "edge.eye.operators" and _within(arrow.target, THE_SCHEMA))
        ]
    )


def _forbidden(target: str, rule: Rule) -> bool:
    if _within_any(target, rule.never):
        return True
    ours = target.partition(".")[0] in PROGRAMS
    # `edge` alone, the version, is not a licence for everything below it.
    allowed = target in rule.may or _within_any(target, [m for m in rule.may if m != "edge"])
    if rule.inside == "edge":
        allowed = _within(target, "edge")
    return ours and not allowed


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _within_any(module: str, packages: tuple[str, ...] | list[str]) -> bool:
    return any(_within(module, package) for package in packages)


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(name: str, file: Path, modules: set[str]) -> Iterator[Arrow]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        for target in _targets(node, package, modules):
            yield Arrow(name, target, file, node.lineno)  # type: ignore[attr-defined]


def _targets(node: ast.AST, package: str, modules: set[str]) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            base = package.split(".")[: len(package.split(".")) - level + 1] if level else []
            origin = ".".join([*base, *([module] if module else [])])
            # `from edge import config` is an arrow to the module, not to the package.
            return [
                full if (full := f"{origin}.{alias.name}") in modules else origin for alias in names
            ]
        case ast.Call(func=ast.Name(id="__import__") | ast.Attribute(attr="import_module")):
            first = node.args[0] if node.args else None
            return [first.value] if isinstance(first, ast.Constant) else []
    return []
