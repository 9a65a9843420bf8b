"""Writes the tables of actions and keys in `assets/guide/keys.md` from the editor's own table of actions.

Run it in a checkout after a key or an action has changed: `python packaging/keys_page.py`. A test compares.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from editor.ui.action_spec import ActionSpec
from editor.ui.action_table import ACTIONS, MENUS
from editor.ui.key_presets import PRESET_TITLES, PRESETS

PAGE = Path(__file__).resolve().parents[1] / "assets" / "guide" / "keys.md"
START, END = "<!-- tables: packaging/keys_page.py -->", "<!-- end of tables -->"
_MANY = re.compile(r"(class\.choose_|view\.go_)(\d+)")


def tables() -> str:
    """Write a table of actions for each menu, one for what no menu holds, and one for the presets."""
    specs = {spec.id: spec for spec in ACTIONS}
    parts, told = [], set()
    for title, content in MENUS:
        names = [name for name in content.split() if name in specs and name not in told]
        told.update(names)
        parts += [f"## {title.replace('&', '')}", "", *_table([specs[n] for n in names]), ""]
    rest = [spec for spec in ACTIONS if spec.id not in told]
    parts += ["## Without a menu", "", *_table(rest), "", "## Presets", "", *_presets(specs), ""]
    return "\n".join(parts)


def page() -> str:
    """Give the page with its tables as they should be; what is written by hand stays."""
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    return f"{before}{START}\n\n{tables()}\n{END}{rest.split(END)[1]}"


def _table(specs: list[ActionSpec]) -> list[str]:
    rows = [_row(spec) for spec in specs if not _is_sibling(spec)]
    return ["| action | keys | what it does | id |", "|---|---|---|---|", *rows]


def _row(spec: ActionSpec) -> str:
    keys = " ".join(_key(k) for k in spec.shortcuts)
    if match := _MANY.fullmatch(spec.id):
        siblings = [s for s in ACTIONS if s.id.startswith(match[1])]
        keys = " ".join(_key(k) for s in siblings for k in s.shortcuts)
        title = f"{spec.title.removesuffix(' 1')} 1 to {len(siblings)}"
        return f"| {title} | {keys} | | `{match[1]}1` to `{match[1]}{len(siblings)}` |"
    return f"| {spec.title.rstrip('…')} | {keys} | {spec.tip} | `{spec.id}` |"


def _presets(specs: dict[str, ActionSpec]) -> list[str]:
    """List what each preset changes; an action that it does not name keeps its key where nobody took it."""
    rows = []
    for name, keys in PRESETS.items():
        cells = [f"{specs[a].title.rstrip('…')} {' '.join(_key(k) for k in ks)}" for a, ks in keys.items()]
        rows.append(f"| {PRESET_TITLES[name]} | {', '.join(cells) or 'the tables above'} |")
    return ["| preset | keys |", "|---|---|", *rows]


def _is_sibling(spec: ActionSpec) -> bool:
    match = _MANY.fullmatch(spec.id)
    return bool(match) and match[2] != "1"


def _key(key: str) -> str:
    """Write a key so that no character of it means anything to Markdown."""
    return "`` ` ``" if key == "`" else f"`{key}`"


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
