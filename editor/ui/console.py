"""The Python console: the document at hand, every action by its name; nothing that is typed can end the editor."""

from __future__ import annotations

import code
import io
import logging
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFontDatabase, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from editor.ui.widgets import column, label, row

log = logging.getLogger("scenewright")
_KEPT = 500
_CHARACTERS = 20_000  # of one answer; more would make the window wait


class Interpreter:
    """Runs typed lines and gives what they print.

    Parameters
    ----------
    scope
        Gives the names that lines can use; asked before every line, as the scene may be another one.
    """

    def __init__(self, scope: Callable[[], dict[str, Any]]) -> None:
        self._scope = scope
        self.names: dict[str, Any] = {"__name__": "__console__", "__doc__": None}
        self._console = code.InteractiveConsole(self.names)
        self.wants_more = False

    def push(self, line: str) -> str:
        """Run a line, or take it as one of several; gives what it printed, a traceback included."""
        self.names.update(self._scope())
        said = io.StringIO()
        stdin, sys.stdin = sys.stdin, io.StringIO()  # whoever asks for input gets the end of a file
        try:
            with redirect_stdout(said), redirect_stderr(said):
                self.wants_more = self._push(line)
        finally:
            sys.stdin = stdin
        text = said.getvalue()
        rest = len(text) - _CHARACTERS
        return text if rest <= 0 else f"{text[:_CHARACTERS]}\n… {rest:,} characters more\n"

    def complete(self, text: str) -> list[str]:
        """List what a dotted name at the end of a line can go on with, in full."""
        import rlcompleter  # late, as it makes the terminal's own line editing ready

        self.names.update(self._scope())
        completer, found = rlcompleter.Completer(self.names), []
        while (word := completer.complete(text, len(found))) is not None and len(found) < 200:
            found.append(word)
        return sorted(set(found))

    def forget_lines(self) -> None:
        """Drop the beginning of a statement that was not finished."""
        self._console.resetbuffer()
        self.wants_more = False

    def _push(self, line: str) -> bool:
        hook, sys.excepthook = sys.excepthook, sys.__excepthook__  # the window's would show a notice for every typo
        try:
            return self._console.push(line)
        except SystemExit:
            print("The console cannot end the editor; run('file.quit') closes it.")
            return False
        finally:
            sys.excepthook = hook


class Console(QWidget):
    """Answers above, one line to type in below.

    Parameters
    ----------
    history
        File with what was typed before.
    """

    def __init__(self, interpreter: Interpreter, history: Path, greeting: str) -> None:
        super().__init__(objectName="console")
        self._interpreter, self._file = interpreter, history
        self.history = _read(history)
        self._place = len(self.history)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.output = QPlainTextEdit(objectName="console.output", readOnly=True, maximumBlockCount=5000)
        self.output.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.line = QLineEdit(objectName="console.line")
        self.line.setAccessibleName("Python")
        self.prompt = label(">>>")
        for part in (self.output, self.line, self.prompt):
            part.setFont(font)
        self.setLayout(column(self.output, row(self.prompt, self.line), margin=8, spacing=6))
        self.setMinimumHeight(150)
        self.setFocusProxy(self.line)
        self.line.installEventFilter(self)
        self._write(greeting + "\n")

    def enter(self, text: str) -> None:
        """Run a line as if it had been typed."""
        self._write(f"{self.prompt.text()} {text}\n")
        self._remember(text)
        self._write(self._interpreter.push(text))
        self.prompt.setText("..." if self._interpreter.wants_more else ">>>")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        keys = {
            Qt.Key.Key_Return: self._enter,
            Qt.Key.Key_Enter: self._enter,
            Qt.Key.Key_Up: lambda: self._walk(-1),
            Qt.Key.Key_Down: lambda: self._walk(1),
            Qt.Key.Key_Tab: self._complete,
            Qt.Key.Key_Escape: self._let_go,
        }
        if not isinstance(event, QKeyEvent) or Qt.Key(event.key()) not in keys:
            return False
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            keys[Qt.Key(event.key())]()
            return True
        return False

    def _enter(self) -> None:
        lines = self.line.text().split("\u2029")
        self.line.clear()
        for text in lines:
            self.enter(text)

    def _let_go(self) -> None:
        """Drop what is typed and unfinished."""
        self.line.clear()
        self._interpreter.forget_lines()
        self.prompt.setText(">>>")

    def _walk(self, step: int) -> None:
        self._place = min(max(self._place + step, 0), len(self.history))
        self.line.setText(self.history[self._place] if self._place < len(self.history) else "")

    def _complete(self) -> None:
        """Complete the word before the cursor as far as it is sure; list the choices where there are several."""
        before = self.line.text()[: self.line.cursorPosition()]
        if not before.strip():
            self.line.insert("    ")
            return
        start = max((before.rfind(c) for c in " ()[]{},=+-*/%<>:!'\"&|^~"), default=-1) + 1
        found = self._interpreter.complete(before[start:]) if before[start:] else []
        common = _common_start(found)
        if len(common) > len(before) - start:
            self.line.insert(common[len(before) - start :])
        elif len(found) > 1:
            self._write("   ".join(f.rpartition(".")[2] for f in found[:60]) + "\n")

    def _remember(self, text: str) -> None:
        if text.strip() and self.history[-1:] != [text]:
            self.history = [*self.history, text][-_KEPT:]
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.write_text("\n".join(self.history) + "\n", encoding="utf-8")
            except OSError as error:
                log.info("the console's history cannot be kept (%s)", error)
        self._place = len(self.history)

    def _write(self, text: str) -> None:
        self.output.moveCursor(QTextCursor.MoveOperation.End)
        self.output.insertPlainText(text)
        self.output.verticalScrollBar().setValue(self.output.verticalScrollBar().maximum())


def _read(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()[-_KEPT:]
    except (OSError, UnicodeDecodeError):
        return []  # there is none yet, or it is of no use


def _common_start(words: list[str]) -> str:
    if not words:
        return ""
    first, last = min(words), max(words)
    same = next((i for i, c in enumerate(first) if i >= len(last) or last[i] != c), len(first))
    return first[:same]
