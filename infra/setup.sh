#!/usr/bin/env bash
# Makes .venv (the project and its tools) and .emulator (the embedded AWS, apart from them), or sees
# to a browser for the tests of the console.
# Needs CPython 3.11 or newer with venv. Usage: infra/setup.sh venv|emulator|browser
set -euo pipefail
cd "$(dirname "$0")/.."

# True when $1 is a CPython that runs (a pyenv shim may not) and can make environments.
usable() {
    "$1" -c 'import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11) or sys.implementation.name != "cpython")' 2>/dev/null
}

# The template's runtime is 3.13, so that comes first; then the newest there is.
choose_python() {
    local minor candidate
    for minor in 13 20 19 18 17 16 15 14 12 11; do
        for candidate in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor"*/bin/"python3.$minor"; do
            if usable "$candidate"; then
                echo "$candidate"
                return
            fi
        done
    done
    for candidate in python3 python; do
        if usable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "CPython 3.11 or newer with venv is needed; none was found." >&2
    exit 1
}

# install ARGS...: with uv, which is fast, or else with pip, which also reads pip's own settings.
install() {
    .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" 2>.venv/uv.log ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
}

case "${1:-}" in
venv)
    if ! usable .venv/bin/python; then
        rm -rf .venv
        "$(choose_python)" -m venv .venv
    fi
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    # pip takes hashes from a file only: the lines of uv, up to the last that ends with a backslash.
    sed -n '/^uv==/,/[^\\]$/p' requirements-dev.txt >.venv/uv.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r .venv/uv.txt ||
        echo "uv cannot be installed; pip is used instead, which is slower." >&2
    install -r requirements-dev.txt
    install --no-deps --no-build-isolation --editable .
    ;;
emulator)
    rm -rf .emulator
    # Bare: what the emulator needs lies beside it, out of the functions' sight.
    "$(.venv/bin/python -c 'import sys; print(sys._base_executable)')" -m venv --without-pip .emulator
    install --target .emulator/packages -r requirements-emulator.txt
    ;;
browser)
    if .venv/bin/python -c 'import sys
from infra.chromium import find_chromium
sys.exit(find_chromium() is None)'; then
        exit
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "There is no Chromium, and it cannot be installed here: tests/browser cannot run." >&2
        exit 1
    fi
    apt-get -qq -o Acquire::Retries=1 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=1 install --yes \
        --no-install-recommends chromium fonts-liberation >/dev/null
    ;;
*)
    echo "usage: infra/setup.sh venv|emulator|browser" >&2
    exit 2
    ;;
esac
