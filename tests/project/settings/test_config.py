"""symgraph.project.settings.config: where settings come from, and what it says of settings it cannot use."""

from pathlib import Path

import pytest

from symgraph.errors import OptionError
from symgraph.project.settings.config import Config, find_project, read_config


def _project(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_of_the_nearest_project_above_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    below = inner / "a" / "b"
    below.mkdir(parents=True)
    _project(tmp_path, '[tool.symgraph]\nout = "outer"\n')
    settings = 'models = ["spec.py", "pkg.spec"]\nout = "src/made"\nbackends = ["numpy"]\nwith = ["error-bound"]\n'
    _project(inner, f'[tool.symgraph]\n{settings}precision = "accurate"\n')
    config = read_config(below)
    assert config == Config(
        inner.resolve(), ("spec.py", "pkg.spec"), "src/made", ("numpy",), extras=("error-bound",), precision="accurate"
    )
    assert config.out_folder == inner.resolve() / "src" / "made"
    monkeypatch.chdir(below)
    assert read_config() == config
    _project(inner, f'[tool.symgraph]\nout = "{(tmp_path / "far").as_posix()}"\n')
    assert read_config().out_folder == tmp_path / "far"


def test_without_a_project_or_settings_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("", "[project]\nname = 'x'\n", "[tool.other]\nx = 1\n", "[tool.symgraph]\n"):
        _project(tmp_path, text)
        assert read_config(tmp_path) == Config(tmp_path.resolve())
    monkeypatch.setattr("symgraph.project.settings.config.find_project", lambda _start: None)
    assert read_config(tmp_path) == Config(tmp_path.resolve(), (), "generated", None)


def test_a_folder_called_pyproject_is_not_a_project(tmp_path: Path) -> None:
    (tmp_path / "inner" / "pyproject.toml").mkdir(parents=True)
    assert _project(tmp_path, "").resolve() == find_project(tmp_path / "inner")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("model = ['a.py']", ["'model'", "models, out, backends"]),
        ("models = 'a.py'", ["models", "list of strings", "'a.py'"]),
        ("models = ['a.py', 3]", ["models", "entry 2", "3 (int)"]),
        ("backends = ['']", ["backends", "entry 1", "non-empty"]),
        ("with = 'error-bound'", ["with", "list of strings"]),
        ("precision = 2", ["precision", "2 (int)"]),
        ("out = 1", ["out", "1 (int)"]),
        ("out = ''", ["out", "non-empty"]),
        ("[tool]\nsymgraph = 5", ["tool.symgraph", "table", "5 (int)"]),
        ("[tool.symgraph", ["not valid TOML"]),
        ("out = '\udcff'", ["not valid TOML"]),  # a byte that is no UTF-8
    ],
)
def test_an_error_names_the_file_and_the_key(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = tmp_path / "pyproject.toml"
    table = "" if text.startswith("[") else "[tool.symgraph]\n"
    path.write_bytes(f"{table}{text}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(OptionError) as caught:
        read_config(tmp_path)
    assert not [part for part in (str(path.resolve()), *parts) if part not in str(caught.value)]
