"""What is said of a network, on people whom it never saw."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.errors import DataError, MissingError, OutputError
from edge.contract.matching import distances
from tests.workstation.pages import Page
from train.bootstrap import best_threshold
from train.data import Faces, LeftOut
from train.evaluate import Ask, evaluate
from train.heads import embed
from train.judge import fold_thresholds
from train.models import embedding_of, head_parameters
from train.pairs import all_pairs
from train.protocol import read_lists
from train.rates import Pairs, curve, rates_at
from train.report import write_report
from train.results import results
from train.subject import of_keras


def subject_of(siamese):
    return of_keras(siamese, name="tiny", config={})


@pytest.fixture(scope="module")
def found(siamese, held_out):
    return evaluate(subject_of(siamese), held_out, Ask(seed=1))


def test_the_figures_are_those_of_the_pairs(found, siamese, held_out):
    embeddings = embed(siamese, held_out.crops)
    pairs = all_pairs(embeddings, held_out.person, head_parameters(siamese))
    assert found.measured.people == len(held_out.people())
    assert found.measured.crops == len(held_out)
    assert found.measured.genuine == pairs.same.sum()
    assert found.measured.impostor == (~pairs.same).sum()
    assert found.auc.value == pytest.approx(curve(pairs).auc)
    assert found.eer.value == pytest.approx(curve(pairs).eer)
    point = found.points[0]
    fmr, fnmr = rates_at(pairs, point.threshold)
    assert (point.asked_fmr, point.fmr, point.fnmr) == (1e-2, fmr.value, fnmr.value)
    assert point.fmr <= 1e-2


def test_a_trained_network_is_better_than_one_that_is_not(found, tiny, held_out):
    untrained = evaluate(subject_of(tiny()), held_out, Ask(seed=1))
    assert found.judged.scores["accuracy"].low > untrained.judged.scores["accuracy"].value
    assert found.eer.value < untrained.eer.value


def test_no_threshold_is_judged_on_the_people_that_it_was_chosen_on(siamese, held_out, monkeypatch):
    numbers = np.unique(held_out.person)
    side = np.arange(len(numbers)) % 2 == 0
    monkeypatch.setattr("train.judge.halves", lambda *_: side)
    found = evaluate(subject_of(siamese), held_out)
    halves = []
    for inside in (side, ~side):
        own = held_out.of(np.isin(held_out.person, numbers[inside]))
        halves.append(all_pairs(embed(siamese, own.crops), own.person, head_parameters(siamese)))
    chosen = [best_threshold(curve(half)) for half in halves]
    assert found.judged.thresholds == pytest.approx(chosen)
    crossed = [rates_at(halves[1], chosen[0]), rates_at(halves[0], chosen[1])]
    fmr, fnmr = np.mean([[fmr.value, fnmr.value] for fmr, fnmr in crossed], axis=0)
    assert found.judged.scores["accuracy"].value == pytest.approx(1 - (fmr + fnmr) / 2)
    assert found.judged.scores["recall"].value == pytest.approx(1 - fnmr)


def test_every_figure_lies_in_its_interval_and_a_perfect_one_is_not_certain(found):
    figures = [*found.judged.scores.values(), found.auc, found.eer, *(p.tar for p in found.points)]
    for figure in figures:
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.low < figure.high


def test_levels_that_the_sample_cannot_show_are_named_not_made_up(found):
    assert {p.asked_fmr for p in found.points} == {1e-2, 1e-3}
    assert found.unsupported == (1e-4, 1e-5)
    tars = results(found, command="")["tar_at_far"]
    assert tars["0.0001"] == dict.fromkeys(("value", "low", "high", "threshold", "fmr"))
    assert 0 < tars["0.001"]["low"] <= tars["0.001"]["value"] <= tars["0.001"]["high"] <= 1


def test_a_network_that_always_says_the_same_knows_nothing(tiny, held_out):
    siamese = tiny()
    last = embedding_of(siamese).get_layer("last")
    gamma, beta, *moving = last.get_weights()
    last.set_weights([np.zeros_like(gamma), np.ones_like(beta), *moving])
    found = evaluate(subject_of(siamese), held_out)
    assert found.auc.value == pytest.approx(0.5)
    assert found.judged.scores["accuracy"].value == pytest.approx(0.5)
    assert all(point.tar.value == 0 for point in found.points)


def test_the_same_seed_gives_the_same_figures(found, siamese, held_out):
    again = evaluate(subject_of(siamese), held_out, Ask(seed=1))
    assert results(again, command="") == results(found, command="")


def test_a_sample_that_cannot_be_halved_is_refused(siamese, held_out):
    few = np.isin(held_out.person, np.unique(held_out.person)[:3])
    with pytest.raises(DataError, match="3 people"):
        evaluate(subject_of(siamese), held_out.of(few))
    _, first = np.unique(held_out.person, return_index=True)
    once = held_out.of(np.isin(np.arange(len(held_out)), first))
    with pytest.raises(DataError, match="0 of them with two pictures"):
        evaluate(subject_of(siamese), once)


def test_each_fold_is_judged_at_the_threshold_of_the_others():
    distance = np.array([0.1, 0.3, 0.2, 0.4, 0.5, 0.9], np.float32)
    same = np.array([True, False, True, False, True, False])
    fold = np.array([0, 0, 1, 1, 2, 2])
    # Fold 2 alone would choose 0.7; the others leave 0.2 to 0.3.
    assert fold_thresholds(fold, Pairs(distance, same))[2] == pytest.approx(0.25)


@pytest.fixture
def listing(held_out, tmp_path):
    """Faces named as LFW's, and a list of three folds of two pairs of each kind."""
    kept = held_out.of(np.isin(held_out.person, np.unique(held_out.person)[:6]))
    files, counts = [], {}
    for person in kept.person:
        name = kept.names[person]
        counts[name] = counts.get(name, 0) + 1
        files.append(f"x.tar:{name}/{name}_{counts[name]:04d}.png")
    names = sorted(counts)
    lines = ["3\t2"]
    for fold in range(3):
        a, b = names[2 * fold], names[2 * fold + 1]
        lines += [f"{a}\t1\t2", f"{b}\t3\t4", f"{a}\t1\t{b}\t2", f"{b}\t3\t{a}\t4"]
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines) + "\n")
    return Faces(kept.crops, kept.person, kept.names, tuple(files)), path


def by_hand(siamese, faces, path):
    """The pairs of the list, one by one by the door's own function."""
    stems = [file.rpartition("/")[2].removesuffix(".png") for file in faces.files]
    embeddings, head = embed(siamese, faces.crops), head_parameters(siamese)
    distance, same = [], []
    for line in path.read_text().splitlines()[1:]:
        words = line.split("\t")
        left = embeddings[stems.index(f"{words[0]}_{int(words[1]):04d}")]
        right = embeddings[
            stems.index(f"{words[-2 if len(words) == 4 else 0]}_{int(words[-1]):04d}")
        ]
        distance.append(distances(head, left, right[None])[0])
        same.append(len(words) == 3)
    return Pairs(np.array(distance), np.array(same))


def test_a_listed_protocol_compares_the_listed_pictures(siamese, listing):
    faces, path = listing
    found = evaluate(subject_of(siamese), faces, Ask((path,)))
    pairs, fold = by_hand(siamese, faces, path), np.repeat(range(3), 4)
    cuts = fold_thresholds(fold, pairs)
    right = (pairs.distance < np.array(cuts, np.float32)[fold]) == pairs.same
    wanted = [right[fold == n].mean() for n in range(3)]
    assert found.judged.accuracies == pytest.approx(wanted)
    assert found.judged.thresholds == pytest.approx(cuts)
    assert found.judged.scores["accuracy"].value == pytest.approx(np.mean(wanted))
    assert found.judged.spread == pytest.approx(np.std(wanted, ddof=1))
    assert (found.measured.genuine, found.measured.impostor) == (6, 6)
    assert found.auc.value == pytest.approx(curve(pairs).auc)


def test_with_all_pairs_the_folds_stay_and_the_rates_come_from_every_pair(siamese, listing):
    faces, path = listing
    subject = subject_of(siamese)
    listed, every = (evaluate(subject, faces, Ask((path,), all_pairs=x)) for x in (False, True))
    assert every.judged.accuracies == listed.judged.accuracies
    assert every.measured.genuine + every.measured.impostor == len(faces) * (len(faces) - 1) // 2
    assert every.auc.value == evaluate(subject, faces).auc.value


def test_of_two_lists_each_is_judged_at_the_threshold_of_the_other(siamese, listing):
    faces, path = listing
    lines = path.read_text().splitlines()[1:]
    parts = [path.with_name(f"part{n}.txt") for n in range(2)]
    for part, own in zip(parts, (lines[:4], lines[4:8]), strict=True):
        part.write_text("\n".join(["2", *own]) + "\n")
    found = evaluate(subject_of(siamese), faces, Ask(tuple(parts)))
    halves = [by_hand(siamese, faces, part) for part in parts]
    cuts = [best_threshold(curve(half)) for half in reversed(halves)]
    assert found.judged.thresholds == pytest.approx(cuts)
    assert found.judged.over == "2 folds of part0.txt, part1.txt"


def test_r1_2_a_listed_picture_without_a_face_is_a_refusal_not_left_out(siamese, listing):
    faces, path = listing
    first = path.read_text().splitlines()[1].split("\t")
    lost = next(f for f in faces.files if f"/{first[0]}_{int(first[1]):04d}." in f)
    kept = faces.of(np.array([file != lost for file in faces.files]))
    without = replace(kept, left_out=(LeftOut(lost, first[0], "no_face"),))
    found = evaluate(subject_of(siamese), without, Ask((path,)))
    assert found.judged.lost == 2  # it stands in two lines: one of its person, one of two
    assert (found.measured.genuine, found.measured.impostor) == (6, 6)
    document = results(found, command="")
    assert document["left_out"]["no_face"] == [lost]
    assert document["n_given"] == len(faces)
    assert document["fta"]["errors"] == 1


def test_a_list_without_folds_is_cut_into_as_many_as_both_kinds_fill(siamese, listing):
    faces, path = listing
    path.write_text("2\n" + "\n".join(path.read_text().splitlines()[1:5]) + "\n")
    listed = read_lists([path], faces)
    assert listed.same.tolist() == [True, True, False, False]
    assert listed.fold.tolist() == [0, 1, 0, 1]
    assert len(evaluate(subject_of(siamese), faces, Ask((path,))).judged.accuracies) == 2


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text.replace("3\t2\n", "3\t3\n"), "instead of 18"),
        (lambda text: text.replace("_0", "_9", 1), "no picture person_9"),
        (lambda text: text.replace("\t1\t2", "\tone\t2"), "line 2 is no pair"),
        (lambda _: "", "not a list of pairs"),
        (lambda text: "1\n" + "\n".join(text.splitlines()[1:4:2]), "too few pairs"),
    ],
)
def test_a_damaged_list_is_refused_by_name(siamese, listing, damage, says):
    faces, path = listing
    path.write_text(damage(path.read_text()))
    with pytest.raises(DataError, match=says) as refusal:
        evaluate(subject_of(siamese), faces, Ask((path,)))
    assert str(path) in str(refusal.value)
    with pytest.raises(MissingError, match="nowhere"):
        evaluate(subject_of(siamese), faces, Ask((path.with_name("nowhere"),)))


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "<run>"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"data": ["/home/ada/faces.tar"], "seed": 1}))
    # As Keras writes it: validation there was none, and the plug was pulled within a line.
    rows = [f"{n},{1 / (n + 1)},NA" for n in range(4)]
    (folder / "history-fit.csv").write_text("\n".join(["epoch,loss,val_loss", *rows, "4,0."]))
    return folder


def test_a_report_says_the_figures_with_their_sample_and_draws_them(found, run):
    page = Page(write_report(run, found, command="python -m train").read_text())
    said = " ".join(page.text.split())
    assert f"{found.measured.people} people who were not trained on" in said
    assert f"{found.measured.impostor:,} pairs of two people" in said
    for name, figure in {**found.judged.scores, "AUC": found.auc, "EER": found.eer}.items():
        row = f"{figure.value:.4f}{figure.low:.4f} to {figure.high:.4f}"
        assert re.search(f"{name}{row}", said, re.IGNORECASE), name
    assert "Too few pairs to show an FMR of 0.0001" in said
    assert "does not say how often a door opens" in said
    assert "faces.tar" in said
    assert "/home/ada" not in said
    assert "tiny" in said
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 4  # ROC, DET, distances, one phase
    for picture in pictures:
        assert picture["alt"]
        kind, _, data = picture["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert b"<svg" in base64.b64decode(data, validate=True)


def test_a_report_asks_nothing_of_a_network(found, run):
    text = write_report(run, found, command="python -m train").read_text()
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    assert not [tag for tag, _ in Page(text).tags if tag in {"script", "link", "iframe"}]


def test_the_document_holds_the_same_for_programs(found, run):
    write_report(run, found, command="python -m train")
    document = json.loads((run / "results.json").read_text())
    assert document["ok"]
    assert document["n_people"] == found.measured.people
    assert document["f1"] == found.judged.scores["f1"].value
    assert document["intervals"]["f1"]["low"] == found.judged.scores["f1"].low
    assert document["tar_at_far"]["0.01"]["value"] == found.points[0].tar.value
    assert document["command"] == "python -m train"


def test_equal_figures_make_an_equal_report(found, run):
    first = write_report(run, found, command="python -m train").read_bytes()
    assert write_report(run, found, command="python -m train").read_bytes() == first


def test_a_report_that_cannot_be_written_is_an_error_with_a_remedy(found, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written") as refusal:
        write_report(tmp_path / "file", found, command="")
    assert refusal.value.remedy
