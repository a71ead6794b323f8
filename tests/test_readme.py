"""The README's code runs, its commands print what it shows, and the lists and paths of the documents are those of the code."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from documents import ROOT, blocks, run, run_document
from sympy import symbols

from symgraph.cli import COMMANDS
from symgraph.spec.losses import LOSSES
from symgraph.spec.ops.ops import FUNCTIONS

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))
"""All but the guides, which test_guides runs."""


FIRST = ("README", "tutorial")
"""The first pages that anybody types."""


@pytest.mark.parametrize(
    "page",
    [pytest.param(one, marks=[pytest.mark.quick] * (one.stem in FIRST), id=one.stem) for one in (ROOT / "README.md", *PAGES)],
)
def test_a_page_runs_and_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    consoles = [body for language, body in blocks(page.read_text(encoding="utf-8")) if language == "console"]
    assert not any(line == "..." for body in consoles for line in body.splitlines())  # which would stand for any lines
    run_document(page, tmp_path)
    pictures = ROOT / "docs" / "pictures"
    for drawn in tmp_path.glob("*.svg"):  # a picture that the page shows is the one that it draws
        shown = pictures / drawn.name
        assert not shown.exists() or drawn.read_bytes() == shown.read_bytes(), f"draw {shown.name} anew, as the page says"


def test_the_command_that_trains_what_new_writes_runs_as_written_and_converges(tmp_path: Path) -> None:
    command = next(line for line in README.splitlines() if line.startswith("symgraph train growth"))
    for line in ("symgraph new growth", "symgraph build growth.py", command):
        done = run([sys.executable, "-m", *line.split()], tmp_path)
        assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[2] == "adam: all epochs are done; the weights are those after epoch 500"
    assert done.stderr.splitlines()[3].startswith("next: ")  # no doubt stands between: the run has converged
    assert {"loss.svg", "trained.json"} < {path.name for path in tmp_path.iterdir()}


def test_the_first_screen_says_how_to_install_symgraph_and_shows_a_model_in_python_and_its_graph() -> None:
    screen = "\n".join(README.splitlines()[:40])
    assert "\npip install " in screen
    assert [language for language, _ in blocks(screen)] == ["python", "text"]
    assert "(docs/pictures/nine_weights.svg)" in README.split("\n## ")[0]


def test_the_change_log_has_at_most_fifteen_entries_by_kind_each_on_a_line() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    kinds = re.findall(r"^### (.*)$", text, flags=re.MULTILINE)
    lines = [line for line in text.split("### ", 1)[1].splitlines() if line and line not in {f"### {kind}" for kind in kinds}]
    assert set(kinds) <= {"Added", "Changed", "Fixed", "Removed"}
    assert all(line.startswith(("- ", *kinds)) for line in lines)
    assert sum(line.startswith("- ") for line in lines) <= 15


def test_every_command_is_listed() -> None:
    listed = re.findall(r"^symgraph (\w+)", README.split("## The command line")[1].split("\n## ")[0], flags=re.MULTILINE)
    assert set(listed) == set(COMMANDS)


def test_what_make_train_installs_is_what_the_readme_says_to_install_without_make() -> None:
    (extras,) = re.findall(
        r"^\$\(VENV\)/\.train: EXTRA := (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert f"pip install './symgraph[{extras}]'" in README


def test_the_readme_and_the_page_of_other_libraries_name_every_extra() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    told = README.split("The extras are")[1].split("\n\n")[0], page.split("The extras")[1].split("install the libraries")[0]
    named = [name for text in told for name in re.findall(r"`([a-z]+)`", text)]
    assert sorted(named) == sorted(set(settings["project"]["optional-dependencies"]) - {"dev"})


def test_the_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(re.findall(r"^make (\w+)", README, flags=re.MULTILINE)) == {"train", "test", "replay", "docs"} <= set(targets)


@pytest.mark.skipif(shutil.which("make") is None, reason="no make is installed")
def test_make_refuses_a_python_that_is_too_old_before_it_makes_anything(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")  # as a comparison of versions in it would end
    old.chmod(0o755)
    command = ["make", "train", f"PYTHON={old}", f"VENV={tmp_path / 'env'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("symgraph needs Python 3.11 or newer")
    assert not (tmp_path / "env").exists()


def test_the_next_command_that_make_train_names_runs_as_typed(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r'@echo "next: \$\(BIN\)/(symgraph .*)"', makefile)
    (runs,), (data,) = (re.findall(rf"^{name} := (.*)$", makefile, flags=re.MULTILINE) for name in ("RUNS", "DATA"))
    words = command.replace("$(RUNS)", runs).replace("$(DATA)", data).split()
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / runs).mkdir(parents=True)
    train = ["symgraph", "train", "nine_weights", "--data", words[-1], "--optimizer", "vanilla,adam", "--epochs", "1"]
    saved = run([sys.executable, "-m", *train, "--save", f"{runs}/weights.json"], tmp_path)
    assert saved.returncode == 0, saved.stderr
    assert run([sys.executable, "-m", *words], tmp_path).returncode == 0


def test_every_supported_function_is_listed() -> None:
    page = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
    section = page.split("## What a spec may contain")[1].split("## ")[0]
    listed = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", section))))
    assert {function.__name__ for function in FUNCTIONS} <= listed


def test_the_page_of_specs_lists_the_losses_as_the_table_defines_them() -> None:
    output, target = symbols("y_hat y", real=True)
    rows = [f"| `{name}` | `{loss(output, target)}`" for name, loss in LOSSES.items()]
    page = (ROOT / "docs" / "spec.md").read_text(encoding="utf-8")
    listed = page.split("| name | loss | needs |\n| --- | --- | --- |\n")[1].split("\n\n")[0]
    assert [row.rpartition(" | ")[0] for row in listed.split("\n")] == rows


def test_links_lead_to_files_and_headings() -> None:
    for document in [ROOT / "README.md", *PAGES, *(ROOT / "docs" / "guides").glob("*.md")]:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8")):
            path = document.parent / target if target else document
            assert path.exists(), f"{document.name}: {target}"
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in anchors, f"{document.name}: {target}#{anchor}"


def test_every_file_of_data_has_its_source_named() -> None:
    told = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    files = [path.name for path in (ROOT / "data").iterdir() if path.name != "README.md"]
    assert "misra1a.csv" in files
    assert [name for name in files if f"`{name}`: " not in told] == []


def test_every_path_that_the_architecture_names_exists() -> None:
    pages = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("architecture.md", "steps.md"))
    spans = re.findall(r"`([^`\n]+)`", pages)
    words = [word for span in spans for word in span.split() if "<" not in word]
    named = {word for word in words if re.fullmatch(r"[\w.-]+(/[\w.-]*)+|\w+\.(py|c|jinja|md|txt)", word)}
    assert "symgraph/spec/ops/ops.py" in named
    assert not {path for path in named if not (ROOT / path).exists() and not [*(ROOT / "symgraph").rglob(path)]}
