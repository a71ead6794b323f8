"""
The C file in a program of your own
===================================

A controller needs one function in one file, without libraries. symgraph writes C99 with the names of the spec. Here a program
of thirty lines links that file and simulates a motor, and Python does the same with the module.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from sympy import tanh

import symgraph
from symgraph.compiler.generate import generate
from symgraph.project.native.compiler import find_compiler

model = symgraph.Model("controller")
error, rate = model.features("error rate", domain=(-2, 2))
gain, damping = model.weights("gain damping", init=0.5)
model.output("command", tanh(gain * error + damping * rate))

source, header = generate(model, ["c"])  # on the command line: symgraph build controller.py --backend c
start = source.text.index("double controller_predict_row(")
print(source.text[start : source.text.index("\n}", start) + 2])

# %%
# The program with the control loop:

PROGRAM = r"""
#include "controller.h"
#include <stdio.h>

int main(void)
{
    const double w[CONTROLLER_WEIGHTS] = {4.0, -1.5};
    double angle = 0.0, speed = 0.0;
    for (int step = 0; step < 200; step++) {
        const double x[CONTROLLER_FEATURES] = {1.0 - angle, speed};
        const double command = controller_predict_row(w, x);
        speed += 0.02 * (5.0 * command - 0.5 * speed);
        angle += 0.02 * speed;
        printf("%.17g %.17g\n", angle, command);
    }
    return 0;
}
"""

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    for file, text in ((source.name, source.text), (header.name, header.text), ("main.c", PROGRAM)):
        folder.joinpath(file).write_text(text, encoding="utf-8")
    command = [*find_compiler().command, "-std=c99", "-O2", "main.c", source.name, "-o", "motor", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    printed = subprocess.run([folder / "motor"], capture_output=True, text=True, check=True).stdout
in_c = np.array([line.split() for line in printed.splitlines()], dtype=float)
print(f"{len(in_c)} steps, the last angle {in_c[-1, 0]:.6f}")

# %%
# The same loop in Python, with the verified module. The results differ only by rounding.

module = symgraph.compile(model)
angle, speed, in_python = 0.0, 0.0, []
for _ in range(200):
    asked = float(module.predict([4.0, -1.5], [1.0 - angle, speed]))
    speed += 0.02 * (5.0 * asked - 0.5 * speed)
    angle += 0.02 * speed
    in_python.append((angle, asked))
print("greatest difference below 1e-12:", bool(np.abs(in_c - in_python).max() < 1e-12))

_, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
seconds = 0.02 * np.arange(200)
axes.plot(seconds, in_c[:, 0], label="angle")
axes.plot(seconds, in_c[:, 1], label="command, saturated at 1")
axes.axhline(1, color="0.7", linewidth=1, label="angle that is asked for")
axes.set(xlabel="time (s)", title="A motor under the generated controller")
axes.legend(frameon=False)
plt.show()
