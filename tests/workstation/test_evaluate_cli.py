"""`python -m train evaluate`: bundles, runs, sources, presses, and what must not be shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.workstation.conftest import OTHERS
from tests.workstation.drawn import encode, spread_out
from tests.workstation.pages import Page
from train.cli import main
from train.data import load_faces
from train.pairs import all_pairs
from train.rates import curve, rates_at
from train.subject import load_subject


@pytest.fixture(scope="module")
def of_bundle(bundle, others_tar, tmp_path_factory):
    """What `evaluate --press` says of the small bundle on people who are not its own."""
    out = tmp_path_factory.mktemp("report")
    given = ["--model", str(bundle), "--photos", str(others_tar), "--press", "--out", str(out)]
    assert main(["evaluate", *given]) == 0
    return json.loads((out / "results.json").read_text()), (out / "report.html").read_text()


def test_a_bundle_is_measured_as_the_int8_network_that_it_is(of_bundle, bundle, others_tar):
    document, _ = of_bundle
    subject = load_subject(bundle)
    assert document["model"]["kind"].startswith("int8, ai-edge-litert")
    assert document["model"]["sha256"] == subject.sha256
    faces = load_faces([others_tar])
    pairs = all_pairs(subject.embed(faces.crops), faces.person, subject.head)
    assert document["n_same"] + document["n_different"] == len(pairs.distance)
    assert document["auc"] == pytest.approx(curve(pairs).auc)
    step = subject.levels[0].steps[0]
    fmr, fnmr = rates_at(pairs, step.distance)
    first = document["at_levels"][0]
    assert (first["level"], first["people"]) == ("normal", 1)
    assert (first["fmr"]["errors"], first["fmr"]["trials"]) == (fmr.errors, fmr.trials)
    assert (first["fnmr"]["errors"], first["fnmr"]["trials"]) == (fnmr.errors, fnmr.trials)
    assert first["fmr"]["upper"] >= fmr.value


def test_r1_15_presses_are_played_at_the_bundles_own_thresholds(of_bundle):
    document, page = of_bundle
    presses = [press for step in document["at_levels"] for press in step["presses"]]
    assert presses
    assert all(press["far"]["upper"] >= press["far"]["value"] for press in presses)
    assert "Presses that were played" in page


def test_r1_9_nobody_is_worse_off_than_the_worst_person(of_bundle):
    document, _ = of_bundle
    for step in document["at_levels"]:
        assert step["worst_person"]["fmr"] >= step["fmr"]["value"]
        assert step["worst_person"]["fnmr"] >= step["fnmr"]["value"]


def test_people_in_a_folder_of_tars_are_measured_where_they_are(
    of_bundle, bundle, others_tar, tmp_path
):
    shards = tmp_path / "others"
    shards.mkdir()
    (shards / "0.tar").symlink_to(others_tar)
    given = ["--model", str(bundle), "--photos", str(shards), "--all-pairs", "--show-faces"]
    assert main(["evaluate", *given, "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "results.json").read_text())
    same = ("n_images", "n_same", "n_different", "auc", "eer", "threshold", "accuracy_mean")
    assert {name: found[name] for name in same} == {name: of_bundle[0][name] for name in same}
    assert found["false_accepts"][0]["files"][0].startswith("others:other_")


def test_nobodys_face_or_name_is_shown_unasked(bundle, others_tar, of_bundle, tmp_path):
    document, page = of_bundle
    assert "false_accepts" not in document
    assert "image/png" not in page
    assert "other_" not in page
    given = ["--model", str(bundle), "--photos", str(others_tar), "--show-faces"]
    assert main(["evaluate", *given, "--out", str(tmp_path)]) == 0
    shown = json.loads((tmp_path / "results.json").read_text())
    nearest, farthest = shown["false_accepts"], shown["false_rejects"]
    for faults, order in ((nearest, 1), (farthest, -1)):
        assert len(faults) == 12
        assert [order * f["distance"] for f in faults] == sorted(
            order * f["distance"] for f in faults
        )
    owners = [{file.split(":")[1].split("/")[0] for file in f["files"]} for f in nearest]
    assert all(len(pair) == 2 for pair in owners)
    page = Page((tmp_path / "report.html").read_text())
    faces = [a for tag, a in page.tags if a.get("src", "").startswith("data:image/png")]
    assert len(faces) == 2 * 2 * 12
    assert nearest[0]["files"][0] in page.text


def test_each_source_stands_by_itself(run_folder, others_tar, people_tar, capsys):
    given = ["--model", str(run_folder), "--photos", str(others_tar), str(people_tar), "--json"]
    assert main(["evaluate", *given]) == 0
    document = json.loads(capsys.readouterr().out)
    sources = document["sources"]
    assert {name: part["n_people"] for name, part in sources.items()} == {
        "others.tar": OTHERS,
        "people.tar": 11,  # of 48: nobody is measured on who was trained on
    }
    assert document["n_people"] == OTHERS + 11
    assert document["n_different"] > sum(part["n_different"] for part in sources.values())


def test_photographs_without_a_face_are_named(run_folder, held_out, tmp_path, capsys):
    folder = tmp_path / "people"
    for number in range(6):
        own = held_out.crops[held_out.person == np.unique(held_out.person)[number]][:3]
        spread_out({f"Ada {number}": own}, folder)
    (folder / "Ada 0" / "wall.png").write_bytes(encode(np.full((300, 300, 3), 90, np.uint8)))
    (folder / "Ada 0" / "torn.jpg").write_bytes(b"no picture")
    assert main(["evaluate", "--model", str(run_folder), "--photos", str(folder), "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["left_out"] == {
        "unreadable": ["people:Ada 0/torn.jpg"],
        "no_face": ["people:Ada 0/wall.png"],
    }
    assert (document["n_given"], document["n_images"]) == (20, 18)
    assert "2 pictures left out (1 unreadable, 1 without a face that is found)" in captured.err


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["--model", "{bundle}"], (2, "--photos")),
        (["--model", "{run}", "--press"], (2, "promises no thresholds")),
        (["--model", "nowhere"], (66, "nowhere: no network there")),
        (["--model", "{bundle}", "--photos", "{photos}", "--aligned"], (65, "no 112x112 crop")),
    ],
)
def test_what_cannot_be_measured_is_one_error(arguments, refusal, tmp_path, request, capsys):
    bundle, run_folder = map(request.getfixturevalue, ("bundle", "run_folder"))
    code, says = refusal
    (tmp_path / "Ada").mkdir()
    (tmp_path / "Ada" / "1.png").write_bytes(encode(np.zeros((300, 300, 3), np.uint8)))
    places = {"{bundle}": bundle, "{run}": run_folder, "{photos}": tmp_path}
    assert main(["evaluate", *(str(places.get(a, a)) for a in arguments)]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
