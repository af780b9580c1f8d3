"""The Chromium of this machine: found, never downloaded."""

from __future__ import annotations

import os
import shutil

# CHROMIUM names another one, by its name or path.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
ON_A_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find_chromium() -> str | None:
    """The path of a Chromium, None where there is none."""
    named = os.environ.get("CHROMIUM")
    names = (named,) if named else (*NAMES, ON_A_MAC)
    return next((path for name in names if (path := shutil.which(name))), None)
