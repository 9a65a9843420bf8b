"""What README and guide say is what the program has: commands, options, keys, files."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from editor.cli import program
from editor.ui.action_table import ACTIONS
from engine.training.chains import names

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "assets" / "guide").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
LINE = re.compile(r"(?:^    |`)(scenewright [^`\n#]+)", re.MULTILINE)
KEY = re.compile(r"`((?:(?:Ctrl|Shift|Alt|Num)\+)+[^`\s]+|F\d+)`")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


def command_lines() -> list[str]:
    found = {m.strip() for page in PAGES for m in LINE.findall(text_of(page))}
    return sorted(line for line in found if not re.search(r"[\[|]|COMMAND", line))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_everything_that_is_linked_is_there(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {link}"


def test_the_guide_is_reached_from_the_readme_and_shows_pictures_that_are_all_used() -> None:
    from_readme, *others = [
        {(p.parent / x.partition("#")[0]).resolve() for x in LINK.findall(text_of(p))} for p in PAGES
    ]
    assert set(PAGES[1:]) <= from_readme
    assert set((ROOT / "assets" / "pictures").iterdir()) <= from_readme.union(*others)


def test_pictures_are_small() -> None:
    sizes = [p.stat().st_size for p in (ROOT / "assets" / "pictures").iterdir()]
    assert max(sizes) < 250_000
    assert sum(sizes) < 1_200_000


def test_the_readme_has_one_row_for_each_command_and_no_other() -> None:
    table = re.findall(r"^\| `([a-z-]+)[^|]*", text_of(README), re.MULTILINE)
    assert sorted(table) == sorted(program.commands)


def test_the_readme_names_every_option() -> None:
    words = set(re.findall(r"--[a-z-]+", text_of(README)))
    options = {o for c in program.commands.values() for p in c.params for o in p.opts if o.startswith("--")}
    missing = options - words - {"--mode"}  # has one value so far
    assert not missing


@pytest.mark.parametrize("line", command_lines())
def test_every_line_to_type_is_understood(line: str) -> None:
    name, *arguments = shlex.split(line)[1:]
    is_named_only = not any(a.startswith("--") for a in arguments)  # in a sentence, without what it needs
    context = program.commands[name].make_context(name, arguments, resilient_parsing=is_named_only)
    if name == "train":
        assert context.params["recipe"] in names()


def test_every_key_that_is_named_belongs_to_an_action() -> None:
    keys = {k for spec in ACTIONS for k in spec.shortcuts}
    for page in PAGES:
        if page.name != "keys.md":  # its presets name others
            assert set(KEY.findall(text_of(page))) <= keys, page.name


def test_the_tables_of_keys_are_those_of_the_editor() -> None:
    script = runpy.run_path(str(ROOT / "packaging" / "keys_page.py"))
    page = text_of(ROOT / "assets" / "guide" / "keys.md")
    assert page == script["page"](), "run packaging/keys_page.py"
    for spec in ACTIONS:
        assert spec.id in page or re.fullmatch(r"class\.choose_\d+|view\.go_\d+", spec.id)
