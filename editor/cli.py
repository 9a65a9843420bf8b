"""The `scenewright` command.

Commands import numpy, torch and Qt only when they run, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from types import FrameType

import click

from editor.commands import (
    bench,
    doctor,
    evaluate,
    generate,
    import_weights,
    inpaint,
    outpaint,
    refine,
    render,
    scenes,
    training,
    window,
)
from engine.errors import ScenewrightError

BAD_INPUT = 2
INTERRUPTED = 130


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="scenewright", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context) -> int | None:
    """Make, edit and convert semantic voxel scenes of streets and cities.

    Without a command the editor opens.
    """
    if context.invoked_subcommand is None:
        return int(context.invoke(window.open_editor))
    if context.invoked_subcommand != window.open_editor.name:
        _answer_signals(context)
    return None


for command in (
    window.open_editor,
    generate.generate,
    inpaint.inpaint,
    outpaint.outpaint,
    refine.refine,
    scenes.convert,
    render.render,
    scenes.info,
    training.worlds,
    training.train,
    import_weights.import_weights,
    evaluate.evaluate,
    bench.bench,
    doctor.doctor,
):
    program.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; gives 0, 2 after bad input (with one line on standard error), or 130 when interrupted."""
    try:
        code = program.main(arguments, prog_name="scenewright", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; nothing half-written is left", INTERRUPTED)
    except click.ClickException as error:
        return _fail(_explain(error), BAD_INPUT)
    except (ScenewrightError, MemoryError) as error:
        return _fail(str(error) or "out of memory; take a smaller size or fewer steps at once", BAD_INPUT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it flushes
        return 1
    except OSError as error:
        return _fail(
            f"{error.filename or 'input/output'}: {error.strerror or error}; check the path and its rights", BAD_INPUT
        )
    return code if isinstance(code, int) else 0


def _explain(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f"; see {context.command_path} --help" if context else ""
    return error.format_message().rstrip(".") + hint


def _fail(message: str, code: int) -> int:
    print(f"scenewright: {' '.join(message.split())}", file=sys.stderr)
    return code


def _answer_signals(context: click.Context) -> None:
    """Let a task clean up when interrupted or terminated; shells start background programs deaf to the former."""
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.signal(number, _interrupt)
        context.call_on_close(partial(signal.signal, number, before))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
