import math

import pytest

from symgraph.use.training import constant, cosine, exponential, step_decay, warmup


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (constant(0.3), [0.3, 0.3, 0.3]),
        (step_decay(8.0, every=3, factor=0.5), [8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 2.0, 2.0]),
        (exponential(8.0, factor=0.5), [8.0, 4.0, 2.0, 1.0]),
        (warmup(8.0, epochs=3), [2.0, 4.0, 6.0, 8.0, 8.0, 8.0]),
        (warmup(step_decay(8.0, every=2), epochs=1), [4.0, 8.0, 8.0, 4.0, 4.0, 2.0]),  # which begins behind it
        (warmup(lambda epoch: 3.0 + epoch, epochs=2), [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_a_schedule_has_the_rates_of_its_definition(schedule, rates):
    assert [schedule(epoch) for epoch in range(len(rates))] == rates


def test_a_cosine_falls_from_the_rate_to_the_least_and_stays_there():
    schedule = cosine(1.0, epochs=6, least=0.2)
    halves = [0.2 + 0.8 * (1 + c) / 2 for c in (1, math.sqrt(3) / 2, 0.5, 0, -0.5, -math.sqrt(3) / 2)]
    # a few roundings of numbers of size 1
    assert [schedule(epoch) for epoch in range(6)] == pytest.approx(halves, abs=4 * 2**-52)
    assert [schedule(epoch) for epoch in (6, 7, 1000)] == [0.2] * 3


@pytest.mark.parametrize("name", ["exponential", "cosine", "warmup"])
def test_schedules_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch")
    lr = torch.optim.lr_scheduler
    ours, theirs = {
        "exponential": (exponential(0.1, factor=0.9), lambda given: lr.ExponentialLR(given, 0.9)),
        "cosine": (cosine(0.1, epochs=20, least=0.01), lambda given: lr.CosineAnnealingLR(given, 20, 0.01)),
        "warmup": (warmup(0.1, epochs=4), lambda given: lr.LinearLR(given, start_factor=1 / 5, total_iters=4)),
    }[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler, rates = theirs(optimizer), []
    for _ in range(20):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    # theirs multiply each rate by a factor to get the next
    assert [ours(epoch) for epoch in range(20)] == pytest.approx(rates, rel=20 * 8 * 2**-52, abs=0.0)
