"""Every error that Scenewright raises on purpose.

ScenewrightError            something a user can mend; shown as one line, exit code 2
├── FormatError             a file is not what it should be (path, offset, reason, next step)
├── GridError               a box, mask or scene does not fit another one
├── LabelError              a class name, id or label space is unknown
├── RequestError            a task was asked for with values that cannot work
├── ModelError              weights are missing, damaged or of another kind
├── DeviceError             the chosen device is not there
│   └── MemoryShortageError or out of memory (bytes needed, bytes free)
└── SamplingError           a run gave no usable result (NaN, empty)
"""

from __future__ import annotations

from pathlib import Path


class ScenewrightError(Exception):
    """Base of all errors that carry values and a next step for the user in one line."""


class FormatError(ScenewrightError):
    """A file cannot be read or written as asked.

    Parameters
    ----------
    path
        The file.
    reason
        What is wrong, with values.
    hint
        What to do next.
    offset
        Byte offset of the fault where one is known.
    """

    def __init__(self, path: Path | str, reason: str, hint: str, offset: int | None = None) -> None:
        place = f" at byte {offset}" if offset is not None else ""
        super().__init__(f"{path}{place}: {reason}; {hint}")
        self.path = Path(path)
        self.reason = reason
        self.hint = hint
        self.offset = offset


class GridError(ScenewrightError):
    """A box, mask or scene does not fit another one."""


class LabelError(ScenewrightError):
    """A class name, class id or label space is unknown."""


class RequestError(ScenewrightError):
    """A task was asked for with values that cannot work."""


class ModelError(ScenewrightError):
    """Weights are missing, damaged or of another kind."""


class DeviceError(ScenewrightError):
    """The chosen device is not there, or out of memory."""


class MemoryShortageError(DeviceError):
    """A device is out of memory.

    Parameters
    ----------
    device
        `cpu`, `cuda` or `mps`.
    needed, free
        Bytes that the last allocation asked for, and bytes that were free; 0 where that is not known.
    """

    def __init__(self, device: str, needed: int, free: int) -> None:
        wanted = f"{needed / 1e9:.1f} GB more are needed, " if needed else ""
        super().__init__(
            f"{device} is out of memory: {wanted}{free / 1e9:.1f} GB are free; "
            "take a smaller region, less context, fewer variants, or the CPU (--device cpu)"
        )
        self.needed, self.free = needed, free


class SamplingError(ScenewrightError):
    """A run gave no usable result."""
