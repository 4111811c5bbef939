"""A bound that finders share has one meaning: its name is no other's in their room."""

import ast
from collections import Counter

from support import ROOT

FINDINGS = ROOT / "reports" / "findings"
PACKAGE = "reports.findings"


def test_a_constant_that_finders_import_is_the_only_one_of_its_name() -> None:
    defined: Counter[str] = Counter()
    shared: set[str] = set()
    for path in FINDINGS.rglob("*.py"):
        tree = ast.parse(path.read_text())
        targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        names = {node.id for one in targets for node in ast.walk(one) if isinstance(node, ast.Name)}
        defined.update(names)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                shared |= {alias.name for alias in node.names if alias.name.isupper()}
    assert {"MOST", "LOSS"} <= shared
    assert [name for name in sorted(shared) if defined[name] > 1] == []
