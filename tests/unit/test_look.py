"""One look at one frame, with the real network."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edge.contract.align import align
from edge.contract.bundle import EMBEDDING, SELFTEST, load_bundle
from edge.contract.errors import BundleError, EngineError
from edge.contract.gates import Limits
from edge.contract.picture import read_picture
from edge.contract.reasons import Reason
from edge.contract.signing import UNCHECKED
from edge.contract.tensor import to_int8
from edge.eye.engine import Engine
from edge.eye.locator import shipped_locator
from edge.eye.look import Eye
from edge.shipped import shipped

PICTURES = {
    "verification_images/obama_1.jpg": None,
    "input_images/obama_2.jpg": None,
    "input_images/stranger_collins.jpg": None,
    "input_images/group_1.jpg": Reason.TWO_FACES,
    "input_images/black.jpg": Reason.NO_FACE,
    "input_images/noface_rocket.jpg": Reason.NO_FACE,
    "input_images/noface_coffee.jpg": Reason.NO_FACE,
}


@pytest.fixture(scope="module")
def bundle():
    return load_bundle(shipped("models", "faces"), UNCHECKED)


@pytest.fixture(scope="module")
def eye(bundle):
    return Eye(bundle, Limits())


@pytest.fixture
def photograph(repository):
    return lambda name: read_picture(repository / "application_data" / name)


@pytest.fixture
def obama(photograph):
    return photograph("verification_images/obama_1.jpg")


@pytest.mark.parametrize("name", PICTURES)
def test_a_photograph_gives_an_embedding_or_its_reason(eye, bundle, photograph, name):
    sight = eye.see(photograph(name))
    assert sight.reason is PICTURES[name]
    if sight.reason is None:
        assert (sight.embedding.shape, sight.embedding.dtype) == (
            (bundle.manifest.dimensions,),
            np.int8,
        )
        assert all(gate.passed for gate in sight.gates)
        assert min(sight.ms) > 0.0
    else:
        assert sight.embedding is None
        assert sight.ms[1] == 0.0
    assert (sight.face is None) == (sight.reason is Reason.NO_FACE)


def test_the_embedding_is_the_networks_answer_to_the_aligned_face(eye, bundle, obama):
    (face,) = shipped_locator().find_faces(obama)
    crop = align(obama, face.points)
    wanted = Engine(bundle.files[EMBEDDING]).run(to_int8(crop)[None])[0]
    assert (eye.see(obama).embedding == wanted).all()


def test_a_face_that_a_gate_refuses_is_not_embedded_and_its_numbers_are_told(eye, obama):
    sight = eye.see(cv2.GaussianBlur(obama, (0, 0), 6.0))
    assert (sight.reason, sight.embedding) == (Reason.BLURRED, None)
    (failed,) = [gate for gate in sight.gates if not gate.passed]
    assert failed.name == "sharpness"
    assert failed.measured < failed.low == Limits().min_sharpness
    assert sight.face is not None


def test_the_owners_limits_are_followed(bundle, obama):
    strict = Eye(bundle, Limits(min_eyes_px=120.0))
    assert strict.see(obama).reason is Reason.TOO_SMALL


def beside(large, factor):
    """A photograph with a reduced copy of itself next to it."""
    small = cv2.resize(large, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    frame = np.zeros((large.shape[0], large.shape[1] + small.shape[1], 3), np.uint8)
    frame[:, : large.shape[1]] = large
    frame[: small.shape[0], large.shape[1] :] = small
    return frame


@pytest.mark.parametrize(("factor", "reason"), [(0.7, Reason.TWO_FACES), (0.3, None)])
def test_a_second_person_counts_and_somebody_far_behind_does_not(eye, obama, factor, reason):
    frame = beside(obama, factor)
    assert len(shipped_locator().find_faces(frame)) == 2
    assert eye.see(frame).reason is reason


def test_of_two_who_are_both_far_away_the_nearer_is_told_to_come_closer(eye, obama):
    tiny = cv2.resize(beside(obama, 0.9), None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    faces = shipped_locator().find_faces(tiny)
    assert len(faces) == 2
    assert faces[1].eyes_px < Limits().min_eyes_px / 2
    assert eye.see(tiny).reason is Reason.TOO_SMALL


class Constant:
    """A network that collapsed: whatever it sees, it says one number."""

    def __init__(self, engine, value):
        self._engine, self._value = engine, value

    def run(self, tensor):
        return np.full_like(self._engine.run(tensor), self._value)


@pytest.mark.parametrize("value", [0, -128, 3])
def test_a_constant_embedding_is_an_engine_error_and_never_an_embedding(bundle, obama, value):
    eye = Eye(bundle, Limits())
    eye._engine = Constant(eye._engine, value)
    sight = eye.see(obama)
    assert (sight.reason, sight.embedding) == (Reason.ENGINE_ERROR, None)


def with_selftest(bundle, data):
    return replace(bundle, files={**bundle.files, SELFTEST: data})


def packed(**arrays):
    target = io.BytesIO()
    np.savez(target, **arrays)
    return target.getvalue()


def recorded(bundle):
    with np.load(io.BytesIO(bundle.files[SELFTEST]), allow_pickle=False) as arrays:
        return dict(arrays)


def test_an_eye_that_answers_otherwise_than_recorded_does_not_start(bundle):
    arrays = recorded(bundle)
    arrays["embeddings"] = arrays["embeddings"][::-1]
    with pytest.raises(EngineError, match=r"answers otherwise.*cosine 0\.|cosine -"):
        Eye(with_selftest(bundle, packed(**arrays)), Limits())


def test_a_changed_network_does_not_start(bundle):
    """Weights overwritten with noise: it loads without complaint, which is why it is asked."""
    model = bundle.files[EMBEDDING]
    file = schema.Model.GetRootAs(model, 0)
    weights = max(
        (file.Buffers(i).DataAsNumpy() for i in range(1, file.BuffersLength())), key=np.size
    )
    noise = np.random.default_rng(4).bytes(weights.size)
    model = model.replace(weights.tobytes(), noise)
    with pytest.raises(EngineError):
        Eye(replace(bundle, files={**bundle.files, EMBEDDING: model}), Limits())


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"no archive",
        lambda a: packed(crops=a["crops"]),
        lambda a: packed(crops=a["crops"][:0], embeddings=a["embeddings"][:0]),
        lambda a: packed(crops=a["crops"], embeddings=a["embeddings"][:1]),
        lambda a: packed(crops=a["crops"][:, ::2], embeddings=a["embeddings"]),
        lambda a: packed(crops=a["crops"], embeddings=a["embeddings"].astype(np.float32)),
        lambda a: packed(crops=np.array([{"a": 1}], object), embeddings=a["embeddings"]),
    ],
)
def test_a_selftest_that_proves_nothing_is_refused(bundle, change):
    with pytest.raises(BundleError, match=r"selftest\.npz is not a recorded answer"):
        Eye(with_selftest(bundle, change(recorded(bundle))), Limits())


def test_a_bundle_without_a_selftest_is_refused(bundle):
    files = {name: data for name, data in bundle.files.items() if name != SELFTEST}
    with pytest.raises(BundleError, match=r"selftest\.npz"):
        Eye(replace(bundle, files=files), Limits())


def test_a_bundle_that_is_not_for_faces_is_refused_with_its_task(bundle):
    other = replace(bundle.manifest, input_shape=(105, 105, 1), task="characters")
    with pytest.raises(BundleError, match=r"\(105, 105, 1\)") as refusal:
        Eye(replace(bundle, manifest=other), Limits())
    assert "characters" in refusal.value.why


def test_a_manifest_that_promises_other_dimensions_is_refused(bundle):
    other = replace(bundle.manifest, dimensions=bundle.manifest.dimensions + 1)
    with pytest.raises(BundleError, match="the manifest says"):
        Eye(replace(bundle, manifest=other), Limits())
