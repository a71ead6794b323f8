"""Options of ``symgraph train``: what they mean for the runs."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from command_line import Project, Run, names_in

from symgraph.data.reading import read_data
from symgraph.project.native.loading import load
from symgraph.use.training import (
    OPTIMIZERS,
    SCHEDULES,
    adam,
    adamw,
    constant,
    cosine,
    exponential,
    momentum,
    nesterov,
    patience,
    rmsprop,
    sgd,
    step_decay,
    train,
    warmup,
)


def runs_of(command: Run, project: Project, options: str) -> dict[str, Any]:
    """The runs of the model by name, as the command's JSON has them."""
    done = command(f"train {project.module} --data {project.rows} --json {options}")
    assert done.code == 0, done.err
    runs: dict[str, Any] = json.loads(done.out)["runs"]
    return runs


def trained(project: Project, **options: Any) -> Any:
    data = read_data(project.rows, ("time",), "y")
    return train(load(project.module), data.X, data.y, **{"epochs": 12, "seed": 0, **options})


RATES = {
    "--schedule constant": constant(0.02),
    "--schedule step --lr-step 3 --lr-factor 0.7": step_decay(0.02, every=3, factor=0.7),
    "--schedule exponential --lr-factor 0.9": exponential(0.02, factor=0.9),
    "--schedule cosine --lr-min 0.001": cosine(0.02, epochs=12, least=0.001),
    "--schedule warmup --warmup 4": warmup(0.02, epochs=4),
    "--lr-step 3": step_decay(0.02, every=3),
    "--warmup 4": warmup(0.02, epochs=4),
    "--warmup 4 --schedule cosine": warmup(cosine(0.02, epochs=8), epochs=4),
    "--warmup 4 --lr-step 2": warmup(step_decay(0.02, every=2), epochs=4),
}
assert all(any(f"--schedule {name}" in options for options in RATES) for name in SCHEDULES)


@pytest.mark.parametrize("options", RATES)
def test_schedules_are_named_and_their_options_go_together(command: Run, built: Project, options: str) -> None:
    run = runs_of(command, built, f"--lr 0.02 --epochs 12 {options}")["adam"]
    assert run["losses"] == trained(built, optimizer=adam(RATES[options])).losses.tolist()


TUNED = {
    "vanilla": ("--lr 0.02", sgd(0.02)),
    "sgd": ("", sgd()),
    "momentum": ("--gamma 0.5", momentum(gamma=0.5)),
    "nesterov": ("--gamma 0.8 --lr 0.005", nesterov(0.005, gamma=0.8)),
    "rmsprop": ("--alpha 0.9 --epsilon 1e-3", rmsprop(alpha=0.9, epsilon=1e-3)),
    "adam": ("--beta1 0.8 --beta2 0.99 --epsilon 1e-4", adam(beta1=0.8, beta2=0.99, epsilon=1e-4)),
    "adamw": ("--beta1 0.7 --weight-decay 0.3", adamw(beta1=0.7, weight_decay=0.3)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_option_of_every_optimizer_is_an_option(command: Run, built: Project, name: str) -> None:
    options, optimizer = TUNED[name]
    run = runs_of(command, built, f"--optimizer {name} --epochs 12 {options}")[name]
    assert run["losses"] == trained(built, optimizer=optimizer).losses.tolist()


def test_options_and_rates_reach_the_optimizers_that_have_them_and_no_others(command: Run, built: Project) -> None:
    runs = runs_of(command, built, "--optimizer sgd,adam --beta1 0.5 --epochs 12")
    assert runs["sgd"]["losses"] == trained(built, optimizer=sgd()).losses.tolist()
    assert runs["adam"]["losses"] == trained(built, optimizer=adam(beta1=0.5)).losses.tolist()
    runs = runs_of(command, built, "--lr vanilla:0.1,adam:0.002 --epochs 4")
    assert list(runs) == ["vanilla", "adam"]
    for name, optimizer in (("vanilla", sgd(0.1)), ("adam", adam(0.002))):
        assert runs[name]["losses"] == trained(built, optimizer=optimizer, epochs=4).losses.tolist()
    mixed = "--optimizer sgd,momentum --lr 0.05,sgd:0.1,sgd:0.2 --epochs 2"
    assert list(runs_of(command, built, mixed)) == ["sgd-0.1", "sgd-0.2", "momentum"]


def test_rates_are_compared_side_by_side_with_a_table_plots_and_weights(command: Run, built: Project) -> None:
    line = f"train {built.module} --data {built.rows} --optimizer sgd --optimizer adam --lr 0.1,0.01,0.001"
    done = command(f"{line} --plot loss.svg --save w.json --epochs 12")
    runs = [f"{name}-{rate}" for name in ("sgd", "adam") for rate in ("0.1", "0.01", "0.001")]
    assert done.code == 0
    losses, *weights = done.out.split("\n\n")
    assert [row.split()[0] for row in losses.splitlines()[1:]] == runs
    assert [name for table in weights for name in table.splitlines()[0].split()[1:]] == runs
    assert max(map(len, done.out.splitlines())) <= 80
    assert "adam-0.1: weights saved to w-adam-0.1.json" in done.err
    files = ["loss.svg", *(f"loss-{run}.svg" for run in runs), *(f"w-{run}.json" for run in runs)]
    assert names_in(Path()) == sorted(files)
    shown = Path("loss.svg").read_text(encoding="utf-8")
    assert all(f">{run.replace('-', ', rate ')}</text>" in shown for run in runs)
    results = {run: trained(built, optimizer=OPTIMIZERS[run.split("-")[0]].tuned(float(run.split("-")[1]))) for run in runs}
    least = min(results, key=lambda run: results[run].losses.min())
    assert f"the least loss of these runs: {results[least].losses.min():.8g}, {least}, epoch 12\n" in done.err


def test_rows_are_shuffled_unless_told_otherwise(command: Run, built: Project) -> None:
    shuffled, in_order = (runs_of(command, built, f"--epochs 12 {more}")["adam"] for more in ("", "--no-shuffle"))
    assert shuffled["losses"] == trained(built, optimizer=adam()).losses.tolist()
    assert in_order["losses"] == trained(built, optimizer=adam(), shuffle=False).losses.tolist()
    assert shuffled["losses"] != in_order["losses"]


def test_rows_are_held_out_and_end_the_run_early(command: Run, built: Project) -> None:
    run = runs_of(command, built, "--validation 0.34 --patience 3 --epochs 300 --optimizer sgd --lr 0.1 --seed 4")["sgd"]
    expected = trained(built, optimizer=sgd(0.1), validation=0.34, stop=patience(3), epochs=300, seed=4)
    assert run["validation_losses"] == expected.validation_losses.tolist()
    assert (run["reason"], run["best_epoch"], run["epochs"]) == ("patience", expected.best_epoch, expected.best_epoch + 3)
    assert run["message"].startswith(f"the validation loss has not fallen since epoch {expected.best_epoch}; ")


def test_the_best_weights_are_saved_beside_the_last(command: Run, built: Project) -> None:
    run = runs_of(command, built, "--epochs 12 --optimizer sgd --lr 0.6 --save last.json --save-best best.json")["sgd"]
    assert run["losses"][run["best_epoch"] - 1] == min(run["losses"]) < run["losses"][-1]
    for file, weights in (("last.json", run["weights"]), ("best.json", run["best_weights"])):
        assert json.loads(Path(file).read_text(encoding="utf-8"))["weights"] == weights


def test_losses_of_both_kinds_are_drawn(command: Run, built: Project) -> None:
    names = {"adam": ["adam, rate 0.001", "adam, rows held out"], "sgd": ["sgd, rate 0.01", "sgd, rows held out"]}
    for runs in (["adam"], ["sgd", "adam"]):
        options = f"--epochs 4 --validation 0.3 --plot p.svg --optimizer {','.join(runs)}"
        assert command(f"train {built.module} --data {built.rows} {options}").code == 0
        shown = Path("p.svg").read_text(encoding="utf-8")
        assert all(f">{name}</text>" in shown for run in runs for name in names[run])


def test_epochs_are_printed_when_piped_too(built: Project) -> None:
    line = "train decay --data rows.csv --epochs 8 --lr 0.02 --schedule cosine --validation 0.3"
    done = built.run(f"{line} --log 3")
    losses = json.loads(built.run(f"{line} --json").out)["runs"]["adam"]
    expected = [
        f"adam: epoch {epoch}, loss {losses['losses'][epoch - 1]:.6g}, "
        f"validation loss {losses['validation_losses'][epoch - 1]:.6g}, "
        f"rate {0.01 * (1 + math.cos(math.pi * (epoch - 1) / 8)):.6g}"
        for epoch in (3, 6, 8)
    ]
    assert done.err.splitlines()[:3] == expected
    assert built.run(f"{line} --log 3 --quiet").err == ""
