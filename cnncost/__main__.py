"""The command `cnncost`, also as `python -m cnncost`."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress

from cnncost.base.errors import CnncostError
from cnncost.base.streams import OutputError, ReaderGoneError, finish, prepare
from cnncost.base.text import lines

BAD_INPUT = 2
FAULT = 3
INTERRUPTED = 130  # what a shell reports for a program ended by Ctrl-C: 128 + SIGINT
COLLECTED = 50_000  # new objects between two searches for circles of garbage: a short command makes fewer, and needs none
READER_GONE = 141  # and by a closed pipe: 128 + SIGPIPE


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 a broken budget, 2 bad usage or input, 3 a fault of the program itself.

    130 means interrupted, 141 that nobody reads the output any more.
    """
    gc.set_threshold(COLLECTED, 20, 20)
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


def run() -> None:
    """Do as `main`, and end the process at once: a fifth of a short command's time goes into taking apart what is freed anyway.

    What has to be done at the end is done all the same; a process with threads, workers, a debugger or code of the user's ends
    as usual.
    """
    try:
        main()
    except SystemExit as ended:
        helpers = {"multiprocessing.process", "concurrent.futures.process", "distributed"} & sys.modules.keys()
        users = "" in sys.path  # models.load imported code of the user's, which may leave files open
        watched = sys.gettrace() or sys.getprofile() or os.environ.get("CNNCOST_DEBUG")
        if helpers or users or watched or len(sys._current_frames()) > 1:
            raise
        atexit._run_exitfuncs()
        os._exit(ended.code if isinstance(ended.code, int) else 0)


def _run() -> int:
    import click

    from cnncost.cli import cli

    try:
        code = cli.main(prog_name="cnncost", standalone_mode=False)
    except CnncostError as error:
        return _say(error.text())
    except click.UsageError as error:
        from cnncost.cli.usage import told

        return _say(told(error).text())
    except click.ClickException as error:
        return _complain(error.format_message().rstrip("."), "see: cnncost --help")
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (ReaderGoneError, OutputError):
        raise
    except (MemoryError, RecursionError):
        return _complain("this is larger than the memory of this machine", "ask for less: fewer layers, a smaller --top")
    except Exception as error:
        if os.environ.get("CNNCOST_DEBUG"):
            raise
        fact = f"internal error: {type(error).__name__}: {error}"
        return _complain(fact, "please report it; CNNCOST_DEBUG=1 shows where it happened", FAULT)
    return code if isinstance(code, int) else 0


def _complain(message: str, hint: str, code: int = BAD_INPUT) -> int:
    return _say(f"error: {message}\n  {hint}", code)


def _say(text: str, code: int = BAD_INPUT) -> int:
    """Write a message, whatever it quotes from outside, and return the exit code."""
    with suppress(ReaderGoneError, OutputError):
        print(lines(text), file=sys.stderr)
    return code


if __name__ == "__main__":
    run()
