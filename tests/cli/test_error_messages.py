"""Errors that are no case of test_refusals.py: of a model without a loss, in a real process, and of our own."""

import os
import sys
from pathlib import Path

import pytest
from command_line import LINE, SPEC, Project, Run, refused, snapshot

from symgraph.cli import main


def test_a_model_without_a_loss_cannot_be_trained(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build line.py --backend numpy").code == 0
    Path("rows.csv").write_text("x\n1\n", encoding="utf-8")
    refused(command("train line --data rows.csv"), "line has no loss", "model.loss")


def test_a_real_process_ends_the_same_way(fresh: Project) -> None:
    fresh.write("models.py", SPEC.replace("exp(", "airyai("))
    before = snapshot(fresh.root)
    refused(fresh.run("build models.py"), "models.py:10: NameError: name 'airyai'")
    refused(fresh.run("train dekay --data rows.csv"), "dekay")
    assert snapshot(fresh.root) == before


@pytest.mark.parametrize(("date", "kept"), [("0", True), ("abc", False), ("9" * 40, False), ("", False)])
def test_a_date_that_is_none_is_kept_from_other_libraries(
    command: Run, monkeypatch: pytest.MonkeyPatch, date: str, kept: bool
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)  # NumPy reads it as a number when it is imported
    assert command("--version").code == 0
    assert ("SOURCE_DATE_EPOCH" in os.environ) is kept


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_reference: str, _config: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("symgraph.project.native.module.find", broken)
    monkeypatch.setattr(sys, "argv", ["symgraph", "train", "decay"])
    # what leaves main unhandled is printed with its traceback by Python, which then exits with 1
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main()
