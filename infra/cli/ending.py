"""How a command ends: exceptions become a message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from handover.errors import HandoverError
from typer._click.exceptions import UsageError  # typer names it nowhere else

from infra.cli.failures import CommandError, ExitCode
from infra.cli.screen import Screen

PROGRAM = "handover"


def code_of(run: Callable[[], int], screen: Screen) -> int:
    """The exit code of `run`; prints errors to stderr."""
    try:
        return run()
    except UsageError as wrong:
        _show_usage(wrong)
    except CommandError as error:
        screen.fail(str(error))
        return error.code
    except HandoverError as error:
        screen.fail(str(error))
    except ClientError as error:
        refusal = error.response["Error"]
        screen.fail(
            f"AWS refused {error.operation_name}: {refusal.get('Message') or refusal['Code']}"
        )
    except BotoCoreError as error:
        screen.fail(f"AWS cannot be reached: {error}")
    except BrokenPipeError:
        # The reader of the output has closed it. Without this, Python would complain again at its
        # end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ALL_GOOD
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        screen.fail(f"{place}{error.strerror or error}")
    except KeyboardInterrupt:
        screen.fail("interrupted. Uploaded files are still processed: see `handover imports`")
        return ExitCode.INTERRUPTED
    return ExitCode.USAGE


def _show_usage(wrong: UsageError) -> None:
    place = PROGRAM
    if wrong.ctx is not None:
        usage, place = wrong.ctx.get_usage(), wrong.ctx.command_path
        print(usage[:1].lower() + usage[1:], file=sys.stderr)
    print(f"{place}: {wrong.format_message()}", file=sys.stderr)
