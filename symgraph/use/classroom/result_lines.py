"""The lines of a student's file where results are computed, as far as its text tells."""

import ast
from collections.abc import Mapping, Sequence

from symgraph.use.classroom.conventions import keys_of


def result_lines(text: bytes, function: str, known: Mapping[str, str], order: Sequence[str]) -> dict[str, int]:
    """Return the line of each result of a function.

    Args:
        text: the student's file.
        function: its name in it.
        known: what spellings of keys mean.
        order: the results in the order in which they are returned without names.

    Returns:
        By meaning the line of the assignment to a variable of that name, or to the one that a dictionary has under such a key
        or a list has at its place, or else of the key or the place; under "return" that of the last return statement.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    written = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    if not written:
        return {}
    body = max(written, key=lambda node: node.lineno)  # the last one counts
    variables: dict[str, int] = {}
    keys: dict[str, ast.expr] = {}
    last = 0
    for node in ast.walk(body):
        if isinstance(node, ast.Return) and node.value is not None:
            last = max(last, node.value.lineno)
            lists = [one.elts for one in ast.walk(node.value) if isinstance(one, ast.List | ast.Tuple)]
            whole = next((parts for parts in lists if len(parts) == len(order) > 1), None)
            keys |= {} if whole is None else dict(zip(order, whole, strict=True))
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for name in [target, *(target.elts if isinstance(target, ast.Tuple) else ())]:
                    if isinstance(name, ast.Name):
                        variables[name.id] = max(node.lineno, variables.get(name.id, 0))
                    elif isinstance(name, ast.Subscript) and isinstance(name.slice, ast.Constant):
                        keys[str(name.slice.value)] = node.value or name
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            keys |= {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.keyword) and node.arg is not None:
            keys.setdefault(node.arg, node.value)
    lines = {key: variables.get(getattr(value, "id", ""), value.lineno) for key, value in keys.items()}
    places = {**dict(reversed(lines.items())), **{name: at for name, at in variables.items() if name not in lines}}
    found = {meaning: places[key] for meaning, key in keys_of(places, known).items()}
    return {"return": last, **found} if last else found
