"""A run folder: what a training leaves behind, and what it needs to go on where it stopped.

config.json (how it was made), siamese.keras (after every epoch), history-*.csv and tensorboard/
(how it went), report.html (how good it is), checkpoint/ (to resume; gone when a phase is finished).
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from edge.contract.errors import MissingError, OutputError

CONFIG, MODEL, HISTORY, REPORT = "config.json", "siamese.keras", "history-{}.csv", "report.html"
BEGUN = ".begun-{}.keras"  # the weights that a phase began with, until it is finished


class Run:
    """One run folder, opened for a new training or to resume one."""

    def __init__(
        self, folder: Path, config: dict[str, Any], *, resume: bool, model: str = MODEL
    ) -> None:
        """`config`: everything that decides the result; a resumed run must not differ in it.

        model: name of the file that the network is kept in.

        Raises:
            OutputError: the folder holds a run and `resume` is off, or the run is another one.
        """
        self.folder = folder
        known = folder / CONFIG
        if known.exists() and not resume:
            raise OutputError(
                f"{folder}: holds a run already",
                remedy="add --resume to go on, or name another --out",
            )
        if known.exists():
            before = json.loads(known.read_text())
            changed = sorted(k for k in before.keys() | config if before.get(k) != config.get(k))
            if changed:
                raise OutputError(
                    f"{folder}: was begun with another {', '.join(changed)}",
                    remedy="resume with the options it was begun with, or name another --out",
                )
        self._config, self._model = config, model

    def begin(self) -> None:
        """Make the folder, now that there is something to train: no mistake leaves one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._config, indent=1, sort_keys=True)
        (self.folder / CONFIG).write_text(text + "\n")

    def finished(self, phase: str) -> bool:
        return (self.folder / f".{phase}-finished").exists()

    def save(self, siamese: keras.Model) -> None:
        """Never half a file, whatever ends the training."""
        self.begin()
        self._write(siamese, self.folder / self._model)

    def train(
        self,
        trainer: keras.Model,
        lessons: keras.utils.PyDataset,
        siamese: keras.Model,
        *,
        epochs: int,
        phase: str,
    ) -> None:
        """Keras' own loop with resume, logs, and `siamese` saved after every epoch and on Ctrl-C.

        trainer: compiled and built, shares its weights with `siamese`. lessons: its attribute
        `epoch` is kept equal to the epoch that is running, so that batches follow from it.
        """
        self.begin()
        begun = self.folder / BEGUN.format(phase)
        if begun.exists():
            # Stopped before a whole epoch there is no checkpoint, and siamese.keras is half an
            # epoch on: begin again where the phase began. Later the checkpoint comes over it.
            siamese.set_weights(keras.saving.load_model(begun, compile=False).get_weights())
        else:
            self._write(siamese, begun)
        history = keras.callbacks.CSVLogger(str(self.folder / HISTORY.format(phase)), append=True)
        try:
            trainer.fit(
                lessons,
                epochs=epochs,
                shuffle=False,
                callbacks=[*self._callbacks(siamese, lessons, phase), history],
                verbose=1 if sys.stdout.isatty() else 2,  # a bar for people, lines for logs
            )
        except KeyboardInterrupt:
            # What is learnt so far is kept; --resume goes on from the last whole epoch.
            self.save(siamese)
            if history.csv_file:
                history.csv_file.close()
            raise
        self.save(siamese)
        (self.folder / f".{phase}-finished").touch()
        begun.unlink()

    def _write(self, siamese: keras.Model, path: Path) -> None:
        new = self.folder / f".new-{self._model}"
        siamese.save(new)
        new.replace(path)

    def _callbacks(
        self, siamese: keras.Model, lessons: keras.utils.PyDataset, phase: str
    ) -> list[keras.callbacks.Callback]:
        kept: list[keras.callbacks.Callback] = [
            # Two, because the plug may be pulled while one is being written.
            keras.callbacks.BackupAndRestore(
                str(self.folder / "checkpoint" / phase), double_checkpoint=True
            ),
            _Epochs(self, siamese, lessons),
        ]
        if find_spec("tensorflow"):  # which writes these logs, whatever backend trains
            logs = self.folder / "tensorboard" / phase
            kept.append(keras.callbacks.TensorBoard(str(logs), write_graph=False))
        return kept


class _Epochs(keras.callbacks.Callback):
    def __init__(self, run: Run, siamese: keras.Model, lessons: keras.utils.PyDataset) -> None:
        super().__init__()
        self._run, self._siamese, self._lessons = run, siamese, lessons

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        self._lessons.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        self._run.save(self._siamese)


def load_run(folder: Path) -> tuple[keras.Model, dict[str, Any]]:
    """The network and the config of a run folder.

    Raises:
        MissingError: no network there.
    """
    if not (folder / MODEL).is_file():
        raise MissingError(
            f"{folder}: no {MODEL} there", remedy="name the folder of a finished run"
        )
    config = folder / CONFIG
    siamese = load_network(folder / MODEL)
    return siamese, json.loads(config.read_text()) if config.exists() else {}


def load_network(path: Path) -> keras.Model:
    """The siamese network of a .keras file.

    Raises:
        MissingError: no such file.
    """
    import train.models  # noqa: F401 - registers our layers

    if not path.is_file():
        raise MissingError(f"{path}: not there", remedy="name a siamese.keras")
    return keras.saving.load_model(path, compile=False)
