"""The command `cnncost`, also as `python -m cnncost`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

from cnncost.base.errors import CnncostError
from cnncost.base.streams import OutputError, ReaderGoneError, finish, prepare

BAD_INPUT = 2
FAULT = 3
INTERRUPTED = 130  # what a shell reports for a program ended by Ctrl-C: 128 + SIGINT
READER_GONE = 141  # and by a closed pipe: 128 + SIGPIPE


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 a broken budget, 2 bad usage or input, 3 a fault of the program itself.

    130 means interrupted, 141 that nobody reads the output any more.
    """
    prepare()
    try:
        code = _run()
        finish()
    except ReaderGoneError:
        code = READER_GONE
    except OutputError as error:
        code = _complain(f"cannot write the output: {error}", "is the device full, or closed?")
    with suppress(ReaderGoneError, OutputError):  # where messages cannot be written either, the exit code must do
        finish()
    sys.exit(code)


def _run() -> int:
    import click

    from cnncost.cli import cli

    try:
        code = cli.main(prog_name="cnncost", standalone_mode=False)
    except CnncostError as error:
        return _say(error.text())
    except click.ClickException as error:
        _quietly(error.show)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (ReaderGoneError, OutputError):
        raise
    except (MemoryError, RecursionError):
        return _complain("this is larger than the memory of this machine", "ask for less: fewer layers, a smaller --top")
    except Exception as error:
        if os.environ.get("CNNCOST_DEBUG"):
            raise
        _complain(
            f"internal error: {type(error).__name__}: {error}",
            "please report it; CNNCOST_DEBUG=1 shows where it happened",
        )
        return FAULT
    return code if isinstance(code, int) else 0


def _complain(message: str, hint: str) -> int:
    return _say(f"error: {message}\n  {hint}")


def _say(text: str) -> int:
    _quietly(lambda: print(text, file=sys.stderr))
    return BAD_INPUT


def _quietly(write: Callable[[], object]) -> None:
    with suppress(ReaderGoneError, OutputError):
        write()


if __name__ == "__main__":
    main()
