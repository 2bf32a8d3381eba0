"""Run the command line: here, in this process, or as a process of its own, which takes a second and a half more."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from unittest import mock

from lrbstore.cli import main


def run(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``lrbstore`` in this process, from its first line to its exit."""
    words = ["lrbstore", *map(str, arguments)]
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    code: object = 0
    with (
        mock.patch.object(sys, "argv", words),
        mock.patch.object(sys, "stdout", out),
        mock.patch.object(sys, "stderr", err),
        mock.patch.dict(os.environ, env or {}),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
        out.flush()
        err.flush()
    return subprocess.CompletedProcess(words, int(str(code or 0)), out.buffer.getvalue(), err.buffer.getvalue())  # type: ignore[attr-defined]


def spawn(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run ``lrbstore`` as users do: another process, whose end is seen too."""
    words = [sys.executable, "-m", "lrbstore.cli", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, check=False, env={**os.environ, **(env or {})})
