"""What is wrong with a benchmark's arguments is told before it begins."""

import pytest

pytest.importorskip("torch")

from bench import few_shot, label_issues, novelty, predict, processes, recipes, transfer


@pytest.mark.parametrize(
    ("main", "given", "words"),
    [
        (recipes.main, "--real --json none/x.json", "none/x.json cannot be written"),
        (recipes.main, "--real --seeds 0", "'0' is no whole number from 1"),
        (predict.main, "--json none/x.json", "none/x.json cannot be written"),
        (predict.main, "--recipes nota-cpuu", "nota-cpu"),
        (predict.main, "--repeats 0", "'0' is no whole number from 1"),
        (novelty.main, "--npz none.npz", "there is no file none.npz"),
        (novelty.main, "--simulated work --recipes ensemble", "trains no network"),
        (label_issues.main, "--json none/x.json", "none/x.json cannot be written"),
        (few_shot.main, "--draws=-1", "'-1' is no whole number from 1"),
        (transfer.main, "--each x", "'x' is no whole number from 1"),
        (processes.main, "--processes 0", "'0' is no whole number from 1"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(tmp_path, monkeypatch, capsys, main, given, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(given.split())
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("main", "given", "words"),
    [
        (recipes.main, "--real", "real_spectrograms_140x170.npz is absent"),
        (novelty.main, '--simulated work --set {"size":"x"}', "bad_settings"),
        (few_shot.main, "--pictures .", "no pictures"),
    ],
)
def test_what_is_missing_or_refused_is_said_in_a_line(
    tmp_path, monkeypatch, capsys, main, given, words
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTA_SHARED", str(tmp_path / "none"))
    assert main(given.split()) > 0
    told = capsys.readouterr()
    assert words in told.out + told.err
    assert not (tmp_path / "work").exists()
