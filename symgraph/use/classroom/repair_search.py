"""Searches a program for the single change that makes a wrong function right, in the student's process; NumPy only."""

import ast
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from symgraph.use.classroom.additions import added, composed, paired, wrapped
from symgraph.use.classroom.conventions import role_of
from symgraph.use.classroom.edits import Change, Edit, exchanged, shown
from symgraph.use.classroom.expression_edits import near
from symgraph.use.classroom.program_parts import Program, Site, blocks, pool, sites
from symgraph.use.classroom.solving import matching, solved, tried
from symgraph.use.classroom.statement_edits import changes
from symgraph.use.classroom.student_calls import Answer
from symgraph.use.classroom.trials import CHOICE, GIVEN, NUDGE, PROBE, Trials

_AT_ONCE = 48
"""Changes of one place that are compiled together."""
_REPAIRS = 3
"""Mistakes of one function that are named."""
_WEIGHED = 16
"""Repairs that fit, of which the best is told."""
_LONG = 60
"""Signs of code above which it is not shown with the names of what has changed places in it."""
_SIZE = 2e-3
"""Added to the rank of a change for each sign of the expression that it is made of."""
_ROUGH = 2.0
"""Added to the rank of a change that gives the right results to some digits only."""
_EVIDENCE = 2
"""Calls in which a result has to be wrong before one of very many changes is believed."""
_CHANGED = 1e-9


@dataclass(frozen=True, slots=True)
class _Fit:
    """A change with which wrong results are right.

    Attributes:
        fixed: these results.
        rank, kind, line, said: of the change.
        code: what is changed.
        install: puts it into the text of the file for good.
        compiled, unit, choice: what is compiled of it, as `Trials.changed` takes it.
    """

    fixed: frozenset[str]
    rank: float
    kind: str
    line: int
    said: str
    code: str
    install: Callable[[], None] = field(repr=False)
    compiled: CodeType = field(repr=False)
    unit: ast.stmt = field(repr=False)
    choice: int = 0

    def told(self, results: frozenset[str]) -> dict[str, Any]:
        """Return what is told of it, with results that are right by it."""
        return {"kind": self.kind, "said": self.said, "code": self.code, "line": self.line, "results": sorted(results)}


class _Place(NamedTuple):
    """An expression, and the wrong results that depend on it."""

    site: Site
    reached: frozenset[str]


def repairs(
    module: ModuleType, name: str, program: Program, request: Mapping[str, Any], until: float, applied: list[Any]
) -> list[dict[str, Any]]:
    """Return the changes that make wrong results of a function right, each by what `symgraph.use.classroom.answers` reads.

    Args:
        module: the student's file, loaded.
        name: the function's name in it.
        program: the file.
        request: as of `Calls`, with the results that are `wrong`, what is `right`, the `numbers` that formulas have, and what
            the model's graph has at each call as `known`.
        until: the time of the processor at which nothing more is looked for.
        applied: the repairs of functions before, which are in the loaded file; those of this one are added.
    """
    if not program.searchable(name):
        return []
    search = _Search(module, name, program, request, until, applied)
    with search.trials.others_right():
        return list(search.found())


class _Search:
    """The search in one function; see `repairs`."""

    def __init__(
        self,
        module: ModuleType,
        name: str,
        program: Program,
        request: Mapping[str, Any],
        until: float,
        applied: list[_Fit],
    ) -> None:
        self._program, self._applied = program, applied
        every = program.units(name)
        small = request["role"] == "gradient_checking" and any(
            role_of(getattr(unit, "name", "")) == "backward_propagation" for unit in every
        )
        self.trials = Trials(module, name, request, small=small)
        self._until, self._request = until, request
        helpers = {one for one in request["helpers"] if one != request["role"]}
        but = [one for one in program.defined if (role_of(one) is not None or one in helpers) and one != name]
        self._units = program.units(name, but)
        if request["role"] == "backward_propagation":  # it gets what the forward function leaves
            forward = next((one for one in program.defined if role_of(one) == "forward_propagation"), name)
            every += program.units(forward)
        fixed = {*helpers, *(one for one in program.defined if role_of(one) in request["broken"])}
        self._others = [
            unit for unit in dict.fromkeys(every) if unit not in self._units and getattr(unit, "name", "") not in fixed
        ]
        self._pools = {id(unit): pool(program, unit, request["numbers"]) for unit in (*self._units, *self._others)}
        self._wrong, self._keep = frozenset[str](), frozenset[str]()
        self._order = list(range(len(request["calls"])))
        self._plain: list[Answer] = []
        self._unsolved = set[int]()
        self._evidence = 0

    @property
    def _over(self) -> bool:
        return time.process_time() > self._until

    def found(self) -> Iterator[dict[str, Any]]:
        """Yield the repairs, one after the other, until all is right or none is found."""
        self._look()
        for one in self._applied:
            if not self._wrong >= self._asked and one.unit in self._program.units(self.trials.name):
                yield one.told(self._asked - self._wrong)
        for _ in range(_REPAIRS):
            best = self._best() if self._wrong and self._evidence and not self._over else None
            if best is None:
                return
            yield best.told(best.fixed)
            self._applied.append(best)
            best.install()
            code = self.trials.compiled(best.unit, [], best.unit)  # what was tried has other changes in it too
            if code is None:
                return
            self.trials.apply(code)
            self.trials.forget()
            self._look()

    @property
    def _asked(self) -> frozenset[str]:
        """The results that the grader has found wrong; where there were none at all, those that there are to be."""
        return frozenset(self._request["wrong"]) or self.trials.names()

    def _look(self) -> None:
        """Run the function as it is."""
        places = range(len(self.trials.given))
        self._plain, took = [], list[float]()
        for place in places:
            began = time.perf_counter()
            self._plain.append(self.trials.answer(place))
            took += [time.perf_counter() - began] if "" not in self._plain[-1] else []
        self.trials.limit(max(took, default=None))
        right = self.trials.right(self._plain, places)
        stops = any("" in one for one in self._plain)
        self._wrong = (self.trials.names() if stops else self._asked) - right
        self._keep = right
        self._evidence = max((self.trials.evidence(name, self._plain) for name in self._wrong), default=0)
        wrong_at = [len(self._wrong - self.trials.right([answer], [place])) for place, answer in enumerate(self._plain)]
        self._order = sorted(places, key=lambda place: -wrong_at[place])

    # The places that wrong results have to do with.

    def _places(self, units: Sequence[ast.stmt], anew: bool) -> Iterator[_Place]:
        """Yield the expressions that a wrong result depends on."""
        for unit in units:
            for site in sites(unit):
                reached = self._wrong if site.discrete else self._reached(site, anew)
                if reached:
                    yield _Place(site, reached)

    def _reached(self, site: Site, anew: bool) -> frozenset[str]:
        """Return the wrong results that are other ones where an expression is changed by a little."""
        nudged = ast.Call(ast.Name(NUDGE, ast.Load()), [site.node], [])
        code = self._with(site, nudged)
        if code is None or self._over:
            return self._wrong
        reached: frozenset[str] = frozenset()
        self.trials.unknown = False
        with self.trials.changed(code, site.unit):
            for place in self._order:
                answer = self.trials.answer(place, anew=anew)
                if "" in answer or self.trials.unknown or "" in self._plain[place]:
                    return self._wrong
                reached |= frozenset(name for name in self._wrong if _differ(answer.get(name), self._plain[place].get(name)))
                if reached == self._wrong:
                    break
        return reached

    # The changes.

    def _best(self) -> _Fit | None:
        parts: list[_Fit] = []
        steps = ((True, self._near), (True, self._adding), (False, self._near), (False, self._adding), (True, self._pairs))
        scopes = [(units, anew) for units, anew in ((self._units, False), (self._others, True)) if units]
        places: dict[bool, list[_Place]] = {}
        for whole, way in steps:
            if (way == self._pairs and parts) or (way != self._near and self._evidence < _EVIDENCE):
                continue
            for units, anew in scopes:
                if anew not in places:
                    places[anew] = list(self._places(units, anew))
                some = [one.site for one in places[anew] if (one.reached == self._wrong) == whole]
                fits = [fit for site in some for fit in way(site, anew)]
                if whole and way == self._near:
                    fits += self._statement_fits(units, anew)
                full = [fit for fit in fits if fit.fixed == self._wrong]
                if full:
                    return None if self._over else self._chosen(full)
                parts += fits
        return self._chosen(parts) if parts and not self._over else None

    def _near(self, site: Site, anew: bool) -> Iterator[_Fit]:
        return self._fits(site, near(site, self._pools[id(site.unit)]), anew)

    def _pairs(self, site: Site, anew: bool) -> Iterator[_Fit]:
        return self._fits(site, paired(site, self._pools[id(site.unit)]) if id(site.node) in self._unsolved else (), anew)

    def _adding(self, site: Site, anew: bool) -> Iterator[_Fit]:
        """Yield the fits of changes that add something; the number that is to stand there is computed first if it can be."""
        if site.is_base:
            return
        some = self._pools[id(site.unit)]
        known = None if site.discrete or self._over else self._solved(site, tried(some), anew)
        if known is None:
            self._unsolved.add(id(site.node))
            yield from self._fits(site, [*added(site, some), *composed(site, some)], anew)
        else:
            yield from self._fits(site, [*matching(site, tried(some), *known), *wrapped(site, some)], anew)

    def _solved(self, site: Site, parts: Sequence[ast.expr], anew: bool) -> tuple[float, float, list[float]] | None:
        """Return the number in a place, the one with which a wrong result is right, and those of other expressions there.

        None where the place has several numbers or none in the first call, or no such one is found.
        """
        place = self._order[0]
        target = self.trials.target(place, self._wrong, self._plain[place])
        if target is None:
            return None
        lambdas: list[ast.expr] = [ast.Lambda(ast.arguments([], [], None, [], [], None, []), part) for part in parts]
        probe = ast.Call(ast.Name(PROBE, ast.Load()), [site.node, ast.Tuple(lambdas, ast.Load())], [])
        given = ast.Call(ast.Name(GIVEN, ast.Load()), [site.node], [])
        code = self._with(site, _tree([probe, given], 0))
        if code is None:
            return None
        with self.trials.changed(code, site.unit, 0):
            seen = self.trials.probed(place, anew)
        if seen is None:
            return None
        value, others = seen
        name, right = target

        def result(number: float) -> float | None:
            return self.trials.with_number(place, number, name, anew)

        with self.trials.changed(code, site.unit, 1):
            number = solved(result, value, right)
        return None if number is None else (value, number, others)

    def _fits(self, site: Site, found: Iterable[Edit], anew: bool) -> Iterator[_Fit]:
        edits = list(found)
        for first in range(0, len(edits), _AT_ONCE):
            if self._over:
                return
            some = edits[first : first + _AT_ONCE]
            code = self._with(site, _tree([edit.new for edit in some], 0))
            if code is None:
                continue
            for choice, edit in enumerate(some):
                with self.trials.changed(code, site.unit, choice):
                    fixed = self._fixed(anew)
                if fixed:
                    install = partial(site.put, edit.new)
                    yield _Fit(
                        fixed,
                        edit.rank + _SIZE * len(shown(site.node)),
                        edit.kind,
                        site.node.lineno,
                        *told(site, edit),
                        install,
                        code,
                        site.unit,
                        choice,
                    )

    def _with(self, site: Site, node: ast.expr) -> CodeType | None:
        """Return the code of a function with another expression in a place."""
        site.put(node)
        try:
            return self.trials.compiled(site.unit, [node], site.node)
        finally:
            site.put(site.node)

    def _statement_fits(self, units: Sequence[ast.stmt], anew: bool) -> Iterator[_Fit]:
        for unit in units:
            for block in blocks(unit):
                for change in changes(block):
                    if self._over:
                        return
                    code = self._compiled(unit, change)
                    if code is None:
                        continue
                    with self.trials.changed(code, unit):
                        fixed = self._fixed(anew)
                    if fixed:
                        yield _Fit(
                            fixed, change.rank, change.kind, change.line, change.said, change.code, change.install, code, unit
                        )

    def _compiled(self, unit: ast.stmt, change: Change) -> CodeType | None:
        before = [(body, list(body)) for body, _ in change.lists]
        change.install()
        try:
            return self.trials.compiled(unit, change.new, change.new[0])
        finally:
            for body, old in before:
                body[:] = old

    def _fixed(self, anew: bool) -> frozenset[str]:
        """Return the wrong results that are right with a change; none if one that was right is so no more."""
        answers: list[Answer] = []
        fixed: frozenset[str] = frozenset()
        for count, place in enumerate(self._order, 1):
            answers.append(self.trials.answer(place, anew=anew))
            if "" in answers[-1]:
                return frozenset()
            right = self.trials.right(answers, self._order[:count])
            fixed = right & self._wrong
            if not fixed or not self._keep <= right:
                return frozenset()
        return fixed

    def _chosen(self, fits: Sequence[_Fit]) -> _Fit | None:
        """Return the repair that makes most right, also of the variables in between, and undoes the most usual slip."""
        most = max(len(fit.fixed) for fit in fits)
        best = sorted((fit for fit in fits if len(fit.fixed) == most), key=lambda fit: fit.rank)[:_WEIGHED]
        sound = self.trials.sound()
        scored = []
        stopped = self._request["line"]
        for fit in best:
            with self.trials.changed(fit.compiled, fit.unit, fit.choice):
                if self.trials.notices() and sound <= self.trials.sound():
                    sense = self.trials.sense() if len(best) > 1 else 0
                    rank = fit.rank + _ROUGH * (len(best) > 1 and not self.trials.exact(fit.fixed))
                    scored.append((fit.line != stopped, -sense, rank, fit))
        return min(scored, key=lambda one: one[:3])[3] if scored else None


def _differ(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str) or one is None or other is None:
        return True
    if isinstance(one, list):
        return any(map(_differ, one, other)) if isinstance(other, list) else True
    return not abs(one - other) <= _CHANGED * abs(other)


def _tree(options: Sequence[ast.expr], first: int) -> ast.expr:
    """Return an expression that is one of several, by a number."""
    if len(options) == 1:
        return options[0]
    half = len(options) // 2
    test = ast.Compare(ast.Name(CHOICE, ast.Load()), [ast.Lt()], [ast.Constant(first + half)])
    return ast.IfExp(test, _tree(options[:half], first), _tree(options[half:], first + half))


def told(site: Site, edit: Edit) -> tuple[str, str]:
    """Say what a change undoes, and what code it changes, with as much around as tells the place."""
    statement = "" if isinstance(site.statement, ast.FunctionDef) else shown(site.statement)
    old, new = shown(site.node), shown(edit.new)
    small: ast.AST = site.node
    for parent in site.parents:
        plain = not isinstance(small, ast.Constant | ast.Slice | ast.Tuple | ast.keyword) and statement.count(old) <= 1
        if plain or isinstance(parent, ast.stmt | ast.comprehension | ast.arguments):
            break
        if isinstance(parent, ast.Dict) and small in parent.values:
            key = parent.keys[parent.values.index(small)]
            old, new = (f"{shown(key)}: {one}" for one in (old, new)) if key is not None else (old, new)
            break
        old, small = shown(parent), parent
        site.put(edit.new)
        new = shown(parent)
        site.put(site.node)
    tells = edit.kind == "swapped" and edit.parts and len(old) > _LONG
    return edit.said.format(*map(shown, edit.parts)), "" if tells else exchanged(old, new)
