// Steps through the graph, and shows other rows. Without it the page shows all numbers of the first row.
(() => {
  "use strict";
  const figure = document.getElementById("graph-figure");
  if (!figure) return;
  const told = JSON.parse(document.getElementById("graph-numbers").textContent);
  const controls = document.getElementById("graph-controls");
  const caption = document.getElementById("graph-caption");
  const svg = figure.querySelector("svg");
  const boxes = new Map();
  for (const group of svg.querySelectorAll("g.vertex")) {
    boxes.set(group.dataset.node, {
      group,
      value: group.querySelector(".value"),
      label: group.querySelector(".cotangent.label"),
      cotangent: group.querySelector(".cotangent:not(.label)"),
    });
  }
  const edges = new Map();
  for (const path of svg.querySelectorAll("path.edge")) edges.set(path.dataset.source + "\n" + path.dataset.target, path);
  const last = told.steps.length;
  const chosen = { weights: document.getElementById("weights"), row: document.getElementById("row") };
  let step = last;

  const hide = (element, hidden) => element && element.classList.toggle("unseen", hidden);

  const numbersShown = () => told.numbers[chosen.weights.selectedIndex][chosen.row.selectedIndex];

  function showNumbers() {
    const numbers = numbersShown();
    for (const [name, [value, cotangent]] of Object.entries(numbers.boxes)) {
      const box = boxes.get(name);
      if (box.value) box.value.textContent = value;
      if (box.cotangent) box.cotangent.textContent = cotangent;
    }
    numbers.arrows.forEach(([width, hint], place) => {
      const path = edges.get(told.arrows[place].join("\n"));
      if (width) path.setAttribute("stroke-width", width);
      path.querySelector("title").textContent = hint;
    });
  }

  function showStep() {
    const seen = { value: new Set(), cotangent: new Set() };
    told.steps.slice(0, step).forEach(({ side, boxes: names }) => names.forEach((name) => seen[side].add(name)));
    const now = step === last ? [] : step ? told.steps[step - 1].boxes : [];
    for (const [name, box] of boxes) {
      hide(box.value, !seen.value.has(name));
      hide(box.label, !seen.cotangent.has(name));
      hide(box.cotangent, !seen.cotangent.has(name));
      box.group.classList.toggle("now", now.includes(name));
    }
    for (const path of edges.values()) {
      path.classList.toggle("back", seen.cotangent.has(path.dataset.target));
    }
    figure.classList.toggle("stepped", step !== last);
    controls.querySelector("#first").disabled = controls.querySelector("#back").disabled = step === 0;
    controls.querySelector("#forward").disabled = controls.querySelector("#last").disabled = step === last;
    tellStep();
  }

  function tellStep() {
    if (step === 0) caption.textContent = `Step 0 of ${last}: nothing is computed yet.`;
    else {
      const { side, boxes: names, text } = told.steps[step - 1];
      const numbers = numbersShown().boxes;
      const found = names.length === 1 ? ` = ${numbers[names[0]][side === "value" ? 0 : 1]}` : "";
      caption.textContent = `Step ${step} of ${last}, ${side === "value" ? "forward" : "backward"}: ${text}${found}`;
    }
  }

  function go(to) {
    step = Math.min(last, Math.max(0, to));
    showStep();
  }

  const moves = { first: () => go(0), back: () => go(step - 1), forward: () => go(step + 1), last: () => go(last) };
  for (const [name, move] of Object.entries(moves)) document.getElementById(name).addEventListener("click", move);
  for (const choice of Object.values(chosen)) {
    choice.addEventListener("change", () => {
      showNumbers();
      tellStep();
    });
  }
  const keys = { Home: "first", ArrowLeft: "back", ArrowRight: "forward", End: "last" };
  figure.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moves[keys[event.key]]();
  });

  function tell(name) {
    const [value, cotangent] = numbersShown().boxes[name];
    const slope = cotangent && `, derivative ${cotangent}`;
    caption.textContent = `${told.hints[name]}${value && `; value ${value}`}${slope}`;
  }
  svg.setAttribute("role", "group");
  for (const [name, { group }] of boxes) {
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "img");
    group.setAttribute("aria-label", told.hints[name]);
    for (const event of ["focus", "pointerenter"]) group.addEventListener(event, () => tell(name));
    for (const event of ["blur", "pointerleave"]) group.addEventListener(event, tellStep);
  }
  controls.hidden = false;
  showNumbers(); // a browser may keep choices when a page is loaded again
  showStep();
})();
