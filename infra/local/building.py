"""What has to be there before anything starts: two environments, and the functions as Lambda gets them."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
AWS_ENVIRONMENT = LOCAL / "aws-venv"
SAM_ENVIRONMENT = LOCAL / "sam-venv"
BUILD = LOCAL / "build"

_INPUTS = ("template.yaml", "samconfig.toml", "uv.lock", "functions", "layers", "infra/api")
_NOT_INPUTS = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}


class CommandFailedError(Exception):
    """A program we called failed; the message holds what it printed last and where all of it is."""


def digest(root: pathlib.Path = ROOT) -> str:
    """A digest of every file that decides what is deployed."""
    total = hashlib.sha256()
    for path in sorted(_input_files(root)):
        total.update(str(path.relative_to(root)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def sync_environments(log: pathlib.Path) -> None:
    """Bring the environments of the embedded AWS and of SAM to what the lock file says."""
    sync_embedded_aws(log)
    _sync(SAM_ENVIRONMENT, "deploy", log)


def sync_embedded_aws(log: pathlib.Path) -> None:
    """Bring the environment of the embedded AWS alone to what the lock file says."""
    _sync(AWS_ENVIRONMENT, "embedded-aws", log)


def _sync(place: pathlib.Path, group: str, log: pathlib.Path) -> None:
    run(
        [uv(), "sync", "--frozen", "--quiet", "--only-group", group],
        log=log,
        environment={**os.environ, "UV_PROJECT_ENVIRONMENT": str(place), "VIRTUAL_ENV": ""},
    )


@contextlib.contextmanager
def alone(place: pathlib.Path = LOCAL) -> Iterator[None]:
    """Wait until nobody else builds or deploys from this checkout, and keep others out until the block ends.

    SAM keeps what it is about to build and to deploy in the project, so two at once would take each other's files.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(log: pathlib.Path) -> str:
    """Build functions and layers unless nothing changed since the last build; the digest of what is built."""
    wanted = digest()
    marker = BUILD / "digest"
    if marker.exists() and marker.read_text() == wanted:
        return wanted
    marker.unlink(missing_ok=True)
    command = [str(SAM_ENVIRONMENT / "bin" / "sam"), "build", "--cached", "--parallel"]
    command += ["--build-dir", str(BUILD), "--cache-dir", str(LOCAL / "build-cache"), "--template", "template.yaml"]
    run(command, log=log, environment=sam_environment())
    marker.write_text(wanted)
    return wanted


def sam_environment() -> dict[str, str]:
    """What SAM and the makefiles it runs see: uv and the locked Python on PATH, no colours, no telemetry."""
    interpreter = SAM_ENVIRONMENT / "bin"
    platforms = ["x86_64-manylinux2014", "aarch64-manylinux2014"]
    if platform.system() == "Darwin":
        # The functions run on this machine, so the layer carries its native code as well.
        platforms.append(f"{'aarch64' if platform.machine() == 'arm64' else 'x86_64'}-apple-darwin")
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(pathlib.Path(uv()).parent), str(interpreter), os.environ.get("PATH", "")]),
        "LAYER_PLATFORMS": " ".join(platforms),
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "UV_PYTHON": str(interpreter / "python"),
        "VIRTUAL_ENV": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def uv() -> str:
    """The uv that runs us, the one on PATH, or the one the bootstrap installed."""
    found = os.environ.get("UV") or shutil.which("uv") or str(LOCAL / "uv" / "bin" / "uv")
    if not pathlib.Path(found).exists():
        raise CommandFailedError("uv is not installed; run this by make, which brings it")
    return found


def run(command: Sequence[str], *, log: pathlib.Path, environment: Mapping[str, str], given: str | None = None) -> None:
    """Run ``command`` in the project with its output in ``log``; :class:`CommandFailedError` when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {' '.join(command)}\n".encode())
        output.flush()
        start = output.tell()
        done = subprocess.run(
            list(command),
            cwd=ROOT,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL if given is None else None,
            input=None if given is None else given.encode(),
            check=False,
        )
    if done.returncode != 0:
        with log.open("rb") as written:
            written.seek(start)
            said = written.read().decode("utf-8", "replace").strip().splitlines()
        shown = "\n".join(f"    {line}" for line in said[-25:])
        raise CommandFailedError(f"`{' '.join(command[:3])} …` failed ({done.returncode}). From {log}:\n{shown}")


def _input_files(root: pathlib.Path) -> Iterator[pathlib.Path]:
    for name in _INPUTS:
        path = root / name
        if path.is_file():
            yield path
        for folder, folders, files in os.walk(path):
            folders[:] = [each for each in folders if each not in _NOT_INPUTS]
            yield from (pathlib.Path(folder) / each for each in files if not each.endswith(".pyc"))
