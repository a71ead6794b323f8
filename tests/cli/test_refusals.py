"""Commands that cannot be, but for their files' contents: each ends with 2 and one line that says why, and writes nothing."""

import shutil
import sys
from pathlib import Path

import pytest
from command_line import LINE, SPEC, Project, Run, refused, snapshot

from symgraph.cli import main

DATA = Path(__file__).parents[2] / "data"

# What stands in the project besides what is built: SPEC, its modules, rows.csv and weights.json.
FILES = {
    "line.py": LINE,
    "other.py": SPEC.replace('"valley"', '"other"'),
    "decay.py": SPEC.partition("valley = ")[0],
    "student.py": "",
    "folder/file": "",
    "odd.csv": "conc,rat\n1,2\n",
    "hole.csv": "conc,rate,state\n1,2,a\n2,,b\n",
    "short.csv": "conc,rate,state\n1,2,a\n2,3\n",
    "unnamed.csv": "conc,rate,state\n1,2,a\n2,3,\n",
    "treated.csv": "conc,rate\n1,2\n2,3\n",
    "untreated.csv": "conc,rate\n1,2\n2,4\n",
    "tim.csv": "tim\n1\n",
    "growth.json": '{"format": "symgraph weights 1", "model": "growth", "model_hash": "", "dtype": "float64", "weights": {}}',
    "half.json": "{",
    "key.toml": "[tool.symgraph]\nmodel = []\n",
    "gone.toml": '[tool.symgraph]\nmodels = ["gone.py"]\n',
    "cuda.toml": '[tool.symgraph]\nmodels = ["models.py"]\nbackends = ["cuda"]\n',
    "gaps.csv": "x,z\n1,1\n,2\n3,3\n",
}
MISRA = "'y ~ b1*(1 - exp(-b2*x))' --data Misra1a.csv -q"
MENTEN = "'rate ~ vm*conc/(km + conc)' -q --plot fit.svg"
SEVERAL = "models.py defines 2 models (decay, valley); build them and give the name of one"
NAMES = "dekay | decay | valley | nine_weights | symgraph build"

# How commands begin, how they go on, and parts of what they say, with | between them.
REFUSED: dict[str, dict[str, str]] = {
    "": {"frobnicate": "'frobnicate' | --help`", "trian decay": "did you mean train?"},
    "build": {
        "": "symgraph new NAME | [tool.symgraph]",
        "nowhere.py": "nowhere.py | symgraph new",
        "nowhere": "'nowhere' | .py",
        "./folder": "./folder | is a folder",
        "models.py --backend nunpy": "'nunpy' | numpy, scalar | did you mean numpy?",
        "models.py --backend ,": "--backend | numpy, scalar",
        "models.py --out rows.csv": "rows.csv | is a file | --out",
        "models.py --out rows.csv/below": "rows.csv/below | rows.csv is a file | --out",
        "models.py other.py": "decay.py | models.py | other.py | rename one",
        "models.py --with hesian": "'hesian' is unknown; known are error-bound | did you mean hessian?",
        "models.py --with error-bound --backend scalar": "'error-bound' is of numpy; the backends chosen are scalar",
        "models.py --precision no-such-kind": "'no-such-kind' is unknown; known are double, accurate",
        "decay.py --out . --force --quiet": "decay.py would overwrite the spec of that name in .; choose",
        "models.py --backend numpy --float": "the extra 'float' is of c; the backends chosen are numpy",
        "models.py --backend numpy --compile": "--compile is for the backend c; the backends chosen are numpy",
        "--config none.toml": "none.toml cannot be read: No such file",
        "--config key.toml": "key.toml | 'model' | models, out, backends",
        "--config gone.toml": "gone.py",
        "--config cuda.toml": "'cuda' | numpy, scalar",
    },
    "draw decay": {
        "-o graph.txt": "graph.txt: a picture can be written as .svg, .png, .dot, .gv, .mmd, .mermaid",
        "-o nowhere/graph.svg": "--out: there is no folder nowhere",
        "-o generated/decay.c": "generated/decay.c: a picture can be written as",
        "--data rows.csv": "writes; else leave out --data",
        "--row 1": "--weights is missing: numbers need weights, such as `symgraph train --save FILE` writes; else leave out",
        "--weights weights.json": "--data is missing; decay needs the columns time, y",
        "--weights rate=1 --data rows.csv": "error: weights of decay: what is given lacks top",
        "--weights top=1,rate=one --data rows.csv": "error: --weights: rate is 'one', not a number; write rate=1.5",
        "--weights weights.json --data rows.csv --row 6": "--row: there is no row 6 in rows.csv, whose rows are 0 to 5",
    },
    "draw": {
        "line.py --weights a=2,b=1 --data gaps.csv --row 1": "error: --row: a cell of row 1 of gaps.csv is missing; choose",
        "models.py --weights weights.json --data rows.csv": SEVERAL,
    },
    "explain": {
        "generated/decay.py": "names no line; give FILE:LINE",
        "generated/decay.py:0": "there is no line 0",
        "generated/decay.py:100000": "there is no line 100000",
        "models.py:3": "is no file that symgraph has generated",
        "missing.py:3": "cannot be read",
    },
    f"fit {MISRA}": {
        "--start b1": "--start: b1 is nothing, not a number; write b1=1.5",
        "--start b1=x": "--start: b1 is 'x', not a number; write b1=1.5",
        "--start b1=1,b1=2": "--start: 'b1=2' is not NAME=VALUE, or names a weight again",
        "--start b1=1 --start b2=1": "error: --start is given 2 times; write all after one --start, such as A=1,B=2; see `",
        "--start q=1": "q has an initial value and is no weight of the formula; there are b1, b2",
        "--bounds b1=3": "--bounds: b1 needs LOW:HIGH, one of which may be left out, such as b1=0:",
        "--fix q": "fixed names 'q', which is no weight; there are b1, b2",
        "--sigma s": "has no column s",
        "--sigma xx*1": "--sigma, column 1: xx is no column of the data; there are y, x; did you mean x?",
        "--sigma gamma(x)": "--sigma: gamma(x) calls a function that NumPy lacks; write a column of it",
        "--sigma-x 0.5": "it takes sigma beside it",
        "--sigma x --sigma-x x=": "--sigma-x: 'x=' is not NAME=VALUE",
        "--sigma x --sigma-x q=1": "sigma_x has no x; it has q",
        "--method newton": "method must be one of auto, lm, trf, dogbox for formula, not 'newton'",
        "--plot fit.txt": "its name must end in",
        "--save none/w.json": "--save: there is no folder none",
    },
    f"fit {MENTEN}": {
        "": "--data is missing; a formula's features are columns of a file",
        "--data puromycin.csv --group-by state": "several data sets need --share, the weights that are the same in all",
        "--data treated.csv --data untreated.csv": "several data sets need --share",
        "--data puromycin.csv --share km": "--share: there is one data set; give --data again for each file, or --group-by",
        "--data puromycin.csv --group-by stat --share km": "has no column stat; its first line names conc, rate, state",
        "--data treated.csv --data treated.csv --share km": "--data: treated.csv stands there twice",
        "--data treated.csv --data none.csv --share km": "none.csv cannot be read",
        "--data treated.csv --data odd.csv --share km": "odd.csv has no column rate; its first line names conc, rat",
        "--data treated.csv --data hole.csv --share km": "hole.csv: line 3, column rate is empty, not a finite number",
        "--data hole.csv --group-by state --share km": "hole.csv: line 3, column rate is empty",
        "--data unnamed.csv --group-by state --share km": "unnamed.csv: line 3, column state is empty; name the row's data set",
        "--data short.csv --group-by state --share km": "short.csv: line 3 has 2 cells, the first line names 3 columns",
        "--data treated.csv --data odd.csv --group-by state --share km": "--group-by takes the rows of one file apart",
    },
    f"fit {MENTEN} --data puromycin.csv --group-by state --share": {
        "q": "shared names 'q', which is no weight; there are vm, km",
        "km=1": "--share: km=1 is no name of a weight",
        "km --start vm[x]=1": "start names 'vm[x]', which is no weight; there are km, vm[treated], vm[untreated]",
        "km --start vm[x=1": "--start: 'vm[x=1' is not NAME=VALUE",
        "km --save none/w.json": "there is no folder none",
    },
    "fit": {
        "decay --data rows.csv --fix ratee": "did you mean rate?",
        "decay --data rows.csv --save models.py": "models.py is there and no file of weights; choose another name",
        "decay --data rows.csv --save generated/decay.py": "generated/decay.py is there and no file of weights",
        "decay --data rows.csv --plot models.py": "models.py is there and no picture",
        "decay --data rows.csv --plot p.svg --stream": "error: --stream: --plot draws all rows",
        "decay --data rows.csv --sigma y --stream": "error: --stream: a column of standard deviations is for rows in memory",
        "models.py --data rows.csv": SEVERAL,
        "'y = a*x' --data rows.csv": "'y = a*x' is no model, and no formula either: write target ~ expression",
        "'y ~ a*time^2' --data rows.csv": "formula, column 11: '^' is not read; write ** for a power",
        "'y ~ a + b*t' --data rows.csv": "no column stands right of ~; there are time; to fit weights alone, give each a start",
    },
    "grade": {
        "nobody.py --model decay.py": "there is no file nobody.py",
        "student.py nobody.py --model decay.py": "there is no file nobody.py",
        "student.py --model models.py": SEVERAL,
        "student.py --model decay.py --seconds 0": "--seconds",
        "student.py --model decay.py --memory 1": "--memory",
        "student.py --model decay.py --csv --json": "--csv and --json are two forms of one output",
        "student.py --model decay.py --forbid diferences": "--forbid: 'diferences' cannot be forbidden",
        "student.py --model decay.py --function backward": "there are forward_propagation, backward_propagation",
    },
    "gradcheck": {
        "models.py": "models.py is a spec, and this needs what is built from it: `symgraph build models.py`",
        "dekay": NAMES,
        "generated/decay_scalar.py": "scalar backend | numpy | decay",
        "decay --points many": "--points | --help`",
        "decay --points 0": "--points | 0",
        "decay --rows 0": "--rows | 0",
        "decay --seed -1": "--seed | -1",
        "decay --data gone.csv": "gone.csv | No such file",
        "decay --data rows.csv --delimiter ::": "error: delimiter must be one sign between cells, such as ; or tab, not '::'",
    },
    "new": {
        "growth --kind tree": "'curve', 'likelihood', 'classifier', 'control'",
        "models": "models.py exists already; choose another name, or delete it first",
        **{name: f"'{name}'" for name in ("2x", "class", "a-b", "a/b", "a.py")},
        "''": "''",
        **{name: f"{name}.py would hide the module" for name in ("numpy", "symgraph", "random")},
        "growth --dir rows.csv/specs": "error: rows.csv/specs/growth.csv cannot be written",
        "made --data rows.csv": "--data is of a formula; give it by --formula",
        "made --start a=1": "--start is of a formula; give it by --formula",
        "made --formula 'y ~ a*exp(-k*q)'": "no name right of ~ is called x, t, x1 or time, as features are; give data",
        "made --formula 'y ~ a*x + exec(x)'": "formula, column 11: exec is no function that a formula may call",
        "made --formula 'y ~ a*x + 0*b'": "the loss does not depend on weight b",
        "made --formula 'y ~ a*x' --start b=1": "b has an initial value and is no weight of the formula; there are a",
        "made --formula 'y ~ a*x' --data none.csv": "none.csv cannot be read",
        "made --formula 'y ~ a*x' --kind curve": "--kind and --formula are two things to start from; give one",
    },
    "predict": {
        "decay --data rows.csv": "--weights | --help`",
        "decay --data tim.csv --weights weights.json": "did you mean tim?",
        "decay --data gone.csv --weights weights.json": "gone.csv | No such file",
        "decay --weights weights.json": "--data is missing | time",
        "decay --data rows.csv --weights gone.json": "gone.json | No such file",
        "decay --data rows.csv --weights growth.json --out y.csv": "growth.json | 'growth' | 'decay'",
        "decay --data rows.csv --weights half.json --out y.csv": "half.json is no weights file",
        "decay --data rows.csv --weights top=1,rate=1 --out models.py": "models.py is there and no file of predictions",
        "decay --data rows.csv --weights weights.json --out rows.csv/y.csv": "--out | rows.csv",
        "decay --data rows.csv --weights weights.json --out rows.csv": "--out: rows.csv is the file of another option",
        "decay --data rows.csv --weights weights.json --out ./weights.json": "--out: weights.json is the file of another",
        "decay --data rows.csv --weights weights.json --out .": "--out | folder",
        "generated/decay_scalar.py --weights weights.json": "scalar backend | numpy | decay",
    },
    "report decay": {
        "": "--data is missing",
        "--data rows.csv --optimizer adma": "--optimizer: 'adma' is unknown",
        "--data rows.csv --epochs 0": "--epochs must be",
        "--data rows.csv --rows 0": "--rows must be",
        "--data rows.csv --batch-size 7 --optimizer adam": "--batch-size",
        "--data rows.csv --batch-size some --optimizer adam": "--batch-size: 'some' is neither",
        "--data rows.csv --epochs 5": "--epochs is of training, which a report leaves out; --optimizer adam asks for it",
        "--data rows.csv -o nowhere/page.html": "--out: there is no folder nowhere",
        "--out models.py": "models.py is there and no page",
    },
    "show": {
        "dekay": NAMES,
        "decay --format text2": "'text2' | did you mean text? | --help`",
        "nine_weights --graph --format latex": "error: --graph and --format latex exclude each other",
        "nine_weights --graph --format latex --json": "error: --graph and --format latex exclude each other",
        "models.py --derivation": f"defines 2 models{SEVERAL.partition('2 models')[2]}",
        "line.py --derivation": "model line: it has no loss to derive",
        "decay --derivation --graph": "--graph and --derivation exclude each other",
        "decay --format html": "--format html is for --derivation",
        "decay --row 1": "--data, --weights and --row are for --derivation",
        "decay --derivation --row 1": "--weights is missing",
        "decay --derivation --weights weights.json": "--data is missing; decay needs the columns time, y",
        "decay --derivation --weights weights.json --data rows.csv --row 6": "there is no row 6 in ",
        "decay --derivation --weights weights.json --data rows.csv --row -1": "there is no row -1 in ",
        "decay --derivation -o no/steps.txt": "there is no folder no",
        "decay --out rows.csv": "rows.csv is there and no text in a file",
    },
    "train decay --data rows.csv": {
        "--optimizer adma": "--optimizer | 'adma' | vanilla, sgd, momentum, nesterov, rmsprop, adam, adamw; did you mean adam?",
        "--optimizer sgd,": "--optimizer | ''",
        "--epoch 3": "did you mean --epochs?",
        "--epochs 0": "--epochs | at least 1 | 0",
        "--epochs 1.5": "--epochs | --help`",
        "--lr": "--lr | --help`",
        "--lr fast": "--lr | --help`",
        "--lr 0": "--lr | above 0 | 0",
        "--lr nan": "--lr | finite | nan",
        "--lr 0.1,": "--lr | ''",
        "--lr-step 0": "--lr-step | at least 1",
        "--lr-step 2 --lr-factor 0": "--lr-factor | above 0",
        "--lr-factor 0.5": "--lr-factor | --lr-step",
        "--learning-rate 1": "--learning-rate | --help`",
        "--schedule cosin": "--schedule | 'cosin' | constant, step, exponential, cosine, warmup | did you mean cosine?",
        "--schedule=": "--schedule | ''",
        "--schedule step": "--schedule step | --lr-step",
        "--schedule exponential": "--schedule exponential | --lr-factor",
        "--schedule cosine --lr-step 3": "--lr-step | cosine | step (--lr-step, --lr-factor)",
        "--schedule cosine --lr-min 0.5": "least | below 0.001 | 0.5",
        "--schedule exponential --lr-factor -1": "--lr-factor | above 0",
        "--schedule warmup": "--schedule warmup | --warmup",
        "--warmup 100": "--warmup | at most 99",
        "--warmup 0": "--warmup | at least 1",
        "--gamma 0.5": "--gamma | adam has no gamma | momentum and nesterov have it",
        "--weight-decay 0.5 --optimizer sgd,adam": "--weight-decay | sgd and adam | adamw has it",
        "--beta1 1": "beta1 | below 1",
        "--beta2 -0.1": "beta2 | at least 0",
        "--epsilon inf": "epsilon | finite",
        "--alpha 2 --optimizer rmsprop": "alpha | below 1",
        "--validation 0": "--validation | above 0",
        "--validation 1": "--validation | below 1",
        "--validation 0.99": "validation | 0.99 of 6 rows | none to train on",
        "--batch-size 5 --validation 0.5": "batch_size | at most 3 | 5",
        "--batch-size 7": "--batch-size | at most 6 | 7",
        "--batch-size many": "--batch-size | 'many' | 'all'",
        "--stream": "error: --stream: it needs --batch-size all",
        "--patience 0": "--patience | at least 1",
        "--log 0": "--log | at least 1",
        "--checkpoint-every 0 --run r": "--checkpoint-every | at least 1",
        "--run r --plot loss.gif": "loss.gif | .svg, .png, .pdf",
        "--run r --resume b": "--run | --resume",
        "--run folder": "--run: folder is not empty",
        "--run rows.csv": "--run: rows.csv cannot be written: File exists",
        "--resume nowhere": "--resume | nowhere holds no run | run.json",
        "--resume folder": "--resume: folder holds no run: there is no run.json in it",
        "--resume rows.csv": "--resume: rows.csv/run.json cannot be read",
        "--init gone.json": "gone.json | No such file",
        "--init growth.json --save new.json": "growth.json | 'growth' | 'decay'",
        "--init half.json --save new.json": "half.json is no weights file",
        "--save generated/symgraph.lock.json": "symgraph.lock.json is there and no file of weights",
        "--save-best no/w.json": "--save-best | there is no folder no",
        "--save-best w.json --save w.json": "--save-best | w.json is the file of another option",
        "--save no/w.json": "error: --save: there is no folder no; make it first",
        "--save rows.csv/w.json": "--save | rows.csv",
        "--save .": "error: --save: . is a folder; name a file in it",
        "--plot no/loss.svg": "error: --plot: there is no folder no; make it first",
        "--plot loss.gif": "loss.gif | .svg, .png, .pdf",
        "--backend scaler": "error: --backend must be one of auto, numpy, scalar, c, not 'scaler'; did you mean scalar?",
        "--seed -1": "--seed | at least 0 | -1",
        "--seed 4294967296": "--seed | at most 4294967295",
        "--tol 0": "--tol | above 0",
        "--clip-norm 0": "--clip-norm | above 0",
        "--clip-value -1": "--clip-value | above 0 | -1",
        "--clip-norm 1 --clip-value 1": "--clip-norm | --clip-value",
    },
    "train": {
        "": "'MODEL' | --help`",
        "dekay": NAMES,
        "decai --data rows.csv": "did you mean decay?",
        "decay rows.csv": "rows.csv | --help`",
        "decay": "--data is missing | time",
        "decay --data gone.csv": "gone.csv | No such file",
        "decay --batch-size all --stream": "error: --stream: there is no --data to read",
        "generated/valley.py --data rows.csv": "--data: valley has no features and no target; leave the option out",
        "generated/decay_scalar.py": "scalar backend | numpy | decay",
    },
    "truth": {
        "decay --points 0": "--points",
        "decay --kinds norml": "there is no kind of points 'norml'; there are small weights | did you mean normal?",
        "decay --plot errors.txt": "must end in .svg, .png, .pdf",
        "decay --module generated/decay_scalar.py": "the module is of the scalar backend; give --backend scalar",
        "decay --module generated/valley.py": "the module of valley was built from another version of its spec",
        "decay --backend scalar --dtype float32": "judge it with the dtype float64",
        "models.py": SEVERAL,
    },
    "worksheet models.py": {"-o week --solution solution.py": "has several models"},
}
LINES = {f"{begin} {rest}".strip(): said for begin, lines in REFUSED.items() for rest, said in lines.items()}


@pytest.fixture(scope="module")
def stage(built: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The built project among the files that commands name."""
    project = Project(shutil.copytree(built.root, tmp_path_factory.mktemp("refused") / "project"))
    project.path("folder").mkdir()
    for name, text in FILES.items():
        project.write(name, text)
    for path in (DATA / "puromycin.csv", DATA.parent / "tests" / "data" / "nist" / "Misra1a.csv"):
        shutil.copy(path, project.root)
    return project


@pytest.mark.parametrize("line", LINES)
def test_what_cannot_be_is_refused_by_one_line_and_nothing_is_written(
    command: Run, stage: Project, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(stage.root)
    before = snapshot(Path())
    done = command(line)
    message = refused(done, *LINES[line].split(" | "))
    assert message.endswith("--help`") or "--help`" not in LINES[line]
    assert done.err == f"{message}\n" or "--out" not in line  # that is seen before the work
    assert snapshot(Path()) == before


def test_a_real_process_ends_the_same_way_and_a_bug_of_ours_keeps_its_traceback(
    fresh: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.write("models.py", SPEC.replace("exp(", "airyai("))
    before = snapshot(fresh.root)
    refused(fresh.run("build models.py"), "models.py:10: NameError: name 'airyai'")
    assert snapshot(fresh.root) == before

    def broken(_reference: str, _config: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("symgraph.io.module.find", broken)
    monkeypatch.setattr(sys, "argv", ["symgraph", "train", "decay"])
    # what leaves main unhandled is printed with its traceback by Python, which then exits with 1
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main()
