"""The command `cnncost`, also as `python -m cnncost`."""

from __future__ import annotations

import os
import sys

from cnncost.base.errors import CnncostError

BROKEN_PIPE = 141  # what a shell reports for a program ended by a closed pipe: 128 + SIGPIPE


def main() -> None:
    """Run the command line. Exit codes: 0 done, 2 bad usage or input, 3 an error of the program itself, 130 interrupted."""
    import click

    from cnncost.cli import cli

    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show × gets a ?, not a traceback
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        code = cli.main(prog_name="cnncost", standalone_mode=False)
        sys.stdout.flush()
    except CnncostError as error:
        print(error.text(), file=sys.stderr)
        code = 2
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush at exit
        code = BROKEN_PIPE
    except (MemoryError, RecursionError):
        code = _complain("this is larger than the memory of this machine", "ask for less: fewer layers, a smaller --top")
    except Exception as error:
        if os.environ.get("CNNCOST_DEBUG"):
            raise
        _complain(
            f"internal error: {type(error).__name__}: {error}",
            "please report it; CNNCOST_DEBUG=1 shows where it happened",
        )
        code = 3
    sys.exit(code if isinstance(code, int) else 0)


def _complain(message: str, hint: str) -> int:
    print(f"error: {message}", *([f"  {hint}"] if hint else []), sep="\n", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
