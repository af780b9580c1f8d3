"""Handover: bulk assignment of account managers to customer accounts.

Each folder is a room and imports only rooms below it. Its docstring says what belongs there and
what does not. The console is not a room: `handover_console` is a client of the API.
"""

import gc
import os

# Imports make what stays. Looking for garbage in it takes a tenth of a function's cold start, so
# collecting begins with `handover.runtime.starts_with`, when all is imported.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
if os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):  # noqa: TID251 - before anything else is imported
    gc.disable()
