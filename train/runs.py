"""A run folder: what a training leaves behind, and what it needs to go on where it stopped.

config.json (how it was made), siamese.keras (after every epoch), history-*.csv and tensorboard/
(how it went), report.html (how good it is), checkpoint/ (to resume; gone when a phase is finished).
Of several processes the chief alone has one.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from edge.contract.errors import MissingError, OutputError
from train import checkpoint, together
from train.together import ALONE, Part

CONFIG, MODEL, HISTORY, REPORT = "config.json", "siamese.keras", "history-{}.csv", "report.html"
BEGUN = ".begun-{}.keras"  # the weights that a phase began with, until it is finished


class Run:
    """One run folder, opened for a new training or to resume one."""

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        *,
        resume: bool,
        model: str = MODEL,
        part: Part = ALONE,
    ) -> None:
        """`config`: everything that decides the result; a resumed run must not differ in it.

        model: name of the file that the network is kept in. part: which of several processes.

        Raises:
            OutputError: the folder holds a run and `resume` is off, or the run is another one.
        """
        self.folder, self._part = folder, part
        self._config, self._model = config, model
        if not part.chief:
            return
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
        epoch, step = self._restore(trainer, siamese, phase)
        if not self._part.chief:
            self._fit(trainer, lessons, [_Counted(lessons)], epoch, step, epochs)
            return
        history = keras.callbacks.CSVLogger(str(self.folder / HISTORY.format(phase)), append=True)
        callbacks = self._callbacks(siamese, lessons, phase, step)
        try:
            self._fit(trainer, lessons, [*callbacks, history], epoch, step, epochs)
        except KeyboardInterrupt:
            # What is learnt so far is kept; --resume goes on from the last checkpoint.
            self.save(siamese)
            if history.csv_file:
                history.csv_file.close()
            raise
        self.save(siamese)
        (self.folder / f".{phase}-finished").touch()
        (self.folder / BEGUN.format(phase)).unlink()
        shutil.rmtree(self._checkpoints(phase), ignore_errors=True)

    def _fit(  # noqa: PLR0913, PLR0917 - Keras' own arguments, handed on
        self,
        trainer: keras.Model,
        lessons: keras.utils.PyDataset,
        callbacks: list[keras.callbacks.Callback],
        epoch: int,
        step: int,
        epochs: int,
    ) -> None:
        how = {"shuffle": False, "callbacks": callbacks, "verbose": self._verbose()}
        if step:
            trainer.fit(_Rest(lessons, step), initial_epoch=epoch, epochs=epoch + 1, **how)
            epoch += 1
        if epoch < epochs:
            trainer.fit(lessons, initial_epoch=epoch, epochs=epochs, **how)

    def _verbose(self) -> int:
        if not self._part.chief:
            return 0
        return 1 if sys.stdout.isatty() else 2  # a bar for people, lines for logs

    def _restore(self, trainer: keras.Model, siamese: keras.Model, phase: str) -> checkpoint.Place:
        """Go back to the last checkpoint, else to where the phase began; returns what comes next.

        Stopped before a checkpoint, siamese.keras is half an epoch on: hence the latter.
        """
        begun, found = None, None
        if self._part.chief:
            self.begin()
            begun = self.folder / BEGUN.format(phase)
            if not begun.exists():
                self._write(siamese, begun)
            found = checkpoint.newest(self._checkpoints(phase))
        place, state = found or (checkpoint.BEGINNING, None)
        begun = begun or Path(BEGUN.format(phase))
        with together.apart():
            together.from_chief(self._part, begun, lambda f: siamese.set_weights(_weights_in(f)))
            together.from_chief(self._part, state, trainer.load_weights)
        epoch, step = together.agreed(self._part, place)
        return epoch, step

    def _checkpoints(self, phase: str) -> Path:
        return self.folder / "checkpoint" / phase

    def _write(self, siamese: keras.Model, path: Path) -> None:
        new = self.folder / f".new-{self._model}"
        with together.apart():
            siamese.save(new)
        new.replace(path)

    def _callbacks(
        self, siamese: keras.Model, lessons: keras.utils.PyDataset, phase: str, first: int
    ) -> list[keras.callbacks.Callback]:
        """first: the step that the first epoch begins with."""
        kept: list[keras.callbacks.Callback] = [
            checkpoint.Checkpoints(self._checkpoints(phase), first),
            _Counted(lessons),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: self.save(siamese)),
        ]
        if find_spec("tensorflow"):  # which writes these logs, whatever backend trains
            logs = self.folder / "tensorboard" / phase
            kept.append(keras.callbacks.TensorBoard(str(logs), write_graph=False))
        return kept


class _Rest(keras.utils.PyDataset):
    """The lessons of an epoch from a step on."""

    def __init__(self, lessons: keras.utils.PyDataset, first: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._lessons, self._first = lessons, first

    def __len__(self) -> int:
        return len(self._lessons) - self._first

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 - as of the lessons
        return self._lessons[self._first + index]


class _Counted(keras.callbacks.Callback):
    """Tells the lessons which epoch is running."""

    def __init__(self, lessons: keras.utils.PyDataset) -> None:
        super().__init__()
        self._lessons = lessons

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras' own
        self._lessons.epoch = epoch


def _weights_in(file: Path) -> list[Any]:
    import train.models  # noqa: F401 - registers our layers

    return keras.saving.load_model(file, compile=False).get_weights()


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
