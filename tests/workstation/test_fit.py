"""The training learns, and one that was stopped ends as one that was not."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError, OutputError
from train import checkpoint
from train.fit import LOSSES, AllPairs, PeopleBatches
from train.models import embedding_of
from train.runs import Run, load_run


@pytest.mark.parametrize("loss", LOSSES)
def test_some_steps_overfit_six_crops_and_zero_means_one_person(tiny, loss):
    crops = np.random.default_rng(7).uniform(-1, 1, (6, 32, 32, 3)).astype("float32")
    person = np.array([0, 0, 1, 1, 2, 2])
    model = AllPairs(tiny(), loss, 3)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    # One epoch of many steps: an epoch of its own for every step takes ten times as long.
    again = np.tile(crops, (150, 1, 1, 1)), np.tile(person, 150)
    model.fit(*again, batch_size=6, shuffle=False, verbose=0)
    distance = keras.ops.convert_to_numpy(model(crops)[1])
    one_person, pair = person[:, None] == person[None], ~np.eye(6, dtype=bool)
    assert distance[one_person & pair].max() < 0.3
    assert distance[~one_person].min() > 0.7


def weights(siamese):
    return [keras.ops.convert_to_numpy(w) for w in siamese.weights]


class Stop(keras.callbacks.Callback):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, stopped):
        super().__init__()
        self.stopped = stopped

    def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002 - Keras' own signature
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002 - Keras' own signature
        if (self.epoch, batch) == (self.stopped, 1):
            raise KeyboardInterrupt


@pytest.mark.parametrize(("epoch", "every_s"), [(0, 1e9), (1, 1e9), (1, 0.0)])
def test_a_resumed_training_is_the_uninterrupted_one_to_the_bit(
    tiny, teach, tmp_path, monkeypatch, epoch, *, every_s
):
    monkeypatch.setattr(checkpoint, "EVERY_S", every_s)
    straight = tiny()
    teach(straight, tmp_path / "straight", epochs=3, steps=3)
    first = tiny()
    with monkeypatch.context() as patch:
        callbacks = Run._callbacks
        patch.setattr(Run, "_callbacks", lambda *given: [*callbacks(*given), Stop(epoch)])
        with pytest.raises(KeyboardInterrupt):
            teach(first, tmp_path / "stopped", epochs=3, steps=3)
    step = 2 if every_s == 0.0 else 0  # else the epoch that was running is lost
    kept = checkpoint.newest(tmp_path / "stopped" / "checkpoint" / "fit")
    assert kept is None if (epoch, step) == (0, 0) else kept[0] == (epoch, step)
    # What was learnt until then is there, although the epoch was not whole.
    kept = load_run(tmp_path / "stopped")[0]
    assert all(map(np.array_equal, weights(kept), weights(first)))
    second = tiny(seed=99)
    teach(second, tmp_path / "stopped", epochs=3, steps=3)
    assert not all(map(np.array_equal, weights(second), weights(first)))
    assert all(map(np.array_equal, weights(second), weights(straight)))
    # A third time there is nothing left to learn.
    teach(second, tmp_path / "stopped", epochs=3, steps=3)
    assert all(map(np.array_equal, weights(second), weights(straight)))


def test_a_batch_shows_each_person_twice_and_follows_from_epoch_and_seed(faces):
    batches = PeopleBatches(faces, (32, 32, 3), batch=16, steps=2, seed=4)
    crops, person = batches[1]
    assert crops.shape == (16, 32, 32, 3)
    assert -1 <= crops.min() < crops.max() < 1
    assert (np.unique(person, return_counts=True)[1] == 2).all()
    assert np.array_equal(batches[1][0], crops)
    batches.epoch = 1
    assert not np.array_equal(batches[1][0], crops)


def test_a_batch_shows_as_many_crops_of_a_person_as_asked(faces):
    batches = PeopleBatches(faces, (32, 32, 3), batch=16, steps=1, seed=4, each=4, how="door")
    _, person = batches[0]
    assert (np.unique(person, return_counts=True)[1] == 4).all()
    assert person.max() < batches.people == len(faces.people())


def test_one_person_cannot_be_trained_on(faces):
    with pytest.raises(DataError, match="1 people"):
        PeopleBatches(faces.of(faces.person == 3), (32, 32, 3), batch=4, steps=1, seed=0)


def test_a_run_is_neither_overwritten_nor_resumed_as_another(tmp_path):
    Run(tmp_path / "run", {"seed": 1, "epochs": 2}, resume=False).begin()
    with pytest.raises(OutputError, match="holds a run already"):
        Run(tmp_path / "run", {"seed": 1, "epochs": 2}, resume=False)
    with pytest.raises(OutputError, match="another epochs"):
        Run(tmp_path / "run", {"seed": 1, "epochs": 3}, resume=True)


def test_a_folder_without_a_network_is_no_run(tmp_path):
    with pytest.raises(MissingError, match="siamese"):
        load_run(tmp_path)


def test_a_network_comes_back_from_its_file_as_it_was(siamese, tmp_path):
    siamese.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras", compile=False)
    crops = np.random.default_rng(0).uniform(-1, 1, (4, 32, 32, 3)).astype("float32")
    wanted = keras.ops.convert_to_numpy(embedding_of(siamese)(crops))
    assert np.array_equal(keras.ops.convert_to_numpy(embedding_of(again)(crops)), wanted)
