#!/usr/bin/env bash
# Prepares a fresh Debian machine and runs Scenewright (`run`) or its whole test suite (`test`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Software OpenGL and a virtual display, then what Qt's xcb plugin links to.
APT_PACKAGES=(
    xvfb xauth libgl1-mesa-dri libgl1 libglx-mesa0 libegl1 libegl-mesa0
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0
    libxcb-xkb1 libxkbcommon-x11-0 libx11-xcb1 libdbus-1-3 libfontconfig1 libfreetype6 libglib2.0-0
)
CPU_INDEX="https://download.pytorch.org/whl/cpu"
VENV=".venv"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

usage() {
    cat >&2 <<'TEXT'
usage: bash packaging/setup.sh run     install everything needed, then open the editor
                                       (without a display: drive it on a virtual one and leave the results in out/)
       bash packaging/setup.sh test    install everything needed, then run the whole test suite
TEXT
    exit 2
}

# --- system packages -------------------------------------------------------------------------------------------------

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
    local prefix=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || [ -t 0 ] && command -v sudo >/dev/null ||
            die "these system packages are missing, and neither root nor sudo is at hand: $*. Ask for: apt-get install $*"
        prefix=(sudo)
    fi
    say "installing system packages: $*"
    "${prefix[@]}" apt-get update -qq || say "apt-get update failed; trying with the package lists there are"
    "${prefix[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >/dev/null ||
        die "apt-get install $* failed; mend that and run this again"
}

prepare_system() {
    if ! command -v dpkg-query >/dev/null; then
        say "no dpkg here; it is up to you that Python 3.11+, OpenGL and the libraries of Qt's platform plugin are there"
        return
    fi
    local missing=() package
    for package in "${APT_PACKAGES[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    find_python >/dev/null || missing+=(python3 python3-venv)
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# --- Python ----------------------------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# PyPI's torch for Linux carries 2 GB of CUDA. Where pip would take such a build and there is no NVIDIA card, the
# CPU index is added, if it answers at all; a machine whose own pip configuration offers a CPU build keeps to that.
torch_index() {
    [ "$(uname -s)" = Linux ] || return 0
    [ ! -e /proc/driver/nvidia/version ] || return 0
    local range
    range="$(sed -n 's/^ *"\(torch[><=].*\)",$/\1/p' pyproject.toml)"
    ! "$VENV/bin/python" -m pip install --quiet --dry-run --no-deps --report - "$range" 2>/dev/null |
        grep -q '"version": *"[^"]*+cpu"' || return 0
    "$VENV/bin/python" - "$CPU_INDEX" <<'PYTHON' 2>/dev/null && echo "--extra-index-url=$CPU_INDEX" || true
import sys
import urllib.request

urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=5).close()
PYTHON
}

prepare_python() {
    local target="$1" python wanted stamp="$VENV/.installed"
    python="$(find_python)" || die "no Python 3.11 or newer with venv; install python3 and python3-venv"
    if [ -d "$VENV" ] && ! "$VENV/bin/pip" --version >/dev/null 2>&1; then
        say "$VENV is broken or was moved; making it anew"
        rm -rf "$VENV"
    fi
    [ -d "$VENV" ] || { say "making $VENV with $python"; "$python" -m venv "$VENV"; }
    wanted="$({ cat pyproject.toml; "$VENV/bin/python" -VV; pwd; } | sha256sum)"
    ! grep -qsF -e "$target $wanted" -e ".[dev] $wanted" "$stamp" || return 0
    local index=()
    mapfile -t index < <(torch_index)
    say "installing Python packages into $VENV (a few minutes on a fresh machine)"
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check "${index[@]}" --editable "$target" >&2 ||
        die "pip could not install $target; see its message above"
    # an editable package is not compiled by pip; where Python may write no bytecode, every start would do it anew
    "$VENV/bin/python" -m compileall -q editor engine || say "the code could not be compiled ahead; starts take longer"
    printf '%s\n' "$target $wanted" >"$stamp"
}

# --- the two commands ------------------------------------------------------------------------------------------------

# Runs a command on a virtual display with software OpenGL; Qt's `offscreen` platform cannot draw OpenGL.
on_virtual_display() {
    command -v xvfb-run >/dev/null || die "no display and no xvfb-run; install xvfb and xauth"
    env -u WAYLAND_DISPLAY QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1400x900x24 +extension GLX" "$@"
}

run() {
    prepare_system
    prepare_python .
    if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        exec "$VENV/bin/scenewright" open
    fi
    say "no display: driving the editor on a virtual one"
    on_virtual_display "$VENV/bin/python" packaging/demo.py --out out
}

run_tests() {
    prepare_system
    prepare_python '.[dev]'
    local failed=() check
    for check in "ruff check" "ruff format --check" "mypy" "lint-imports --no-logo"; do
        say "$check"
        # shellcheck disable=SC2086
        "$VENV/bin/"$check >&2 || failed+=("$check")
    done
    say "pytest"
    on_virtual_display "$VENV/bin/python" -m pytest || failed+=(pytest)
    [ ${#failed[@]} -eq 0 ] || { say "failed: $(IFS=,; echo "${failed[*]}")"; exit 1; }
}

[ $# -eq 1 ] || usage
case "$1" in
    run) run ;;
    test) run_tests ;;
    *) usage ;;
esac
