# ruff: noqa: INP001 - a script that the Makefile beside it runs, no package
"""Trims and byte-compiles the third-party packages of the dependencies layer.

A cold start pays for every byte that is unpacked and every file that is compiled, so the layer ships what functions
import and nothing else: of botocore the models of the services we call, of Chalice its runtime without its command
line, of Powertools the parts in use. Byte-code is marked "unchecked": it is used whatever the file's time stamp says,
because zip archives lose those. Native code for every processor lies side by side, so one layer serves them all.

Usage: python trim.py OUTPUT INSTALLED [INSTALLED …], each INSTALLED being a folder that ``uv pip install --target``
filled for one platform. The last step imports what was kept, so a cut too deep fails the build and not a function.
"""

import compileall
import fnmatch
import gzip
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path, PurePosixPath
from py_compile import PycInvalidationMode

RUNTIME = (3, 13)
"""The runtime of template.yaml: byte-code of another version is ignored there."""

MOUNT_POINT = "/opt/python"
"""Where Lambda unpacks a layer; tracebacks name the files by it."""

SERVICES = (
    "cognito-idp/2016-04-18",
    "dynamodb/2012-08-10",
    "kms/2014-11-01",
    "s3/2006-03-01",
    "sqs/2012-11-05",
    "sts/2011-06-15",
)
"""The botocore models that stay: what the functions call."""

KEPT = (
    *(f"botocore/data/{service}/{part}" for service in SERVICES for part in ("[!e]*", "endpoint-rule-set-*")),
    # botocore itself reads these whatever the service.
    "botocore/data/_retry.json",
    "botocore/data/endpoints.json",
    "botocore/data/partitions.json",
    "botocore/data/sdk-default-configuration.json",
    "boto3/data/dynamodb/*",
    "chalice/__init__.py",
    "chalice/app.py",
    "chalice/py.typed",
)
"""Exceptions to DROPPED."""

DROPPED = (
    "botocore/data/*",
    "boto3/data/*",
    "boto3/examples/*",
    # The command line, the deployer and the local server: 90 % of it.
    "chalice/*",
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/utilities/auth_alpha/*",
    "aws_lambda_powertools/utilities/circuit_breaker/*",
    "aws_lambda_powertools/utilities/data_masking/*",
    "aws_lambda_powertools/utilities/feature_flags/*",
    "aws_lambda_powertools/utilities/kafka/*",
    "aws_lambda_powertools/utilities/metadata/*",
    "aws_lambda_powertools/utilities/parameters/*",
    "aws_lambda_powertools/utilities/parser/*",
    "aws_lambda_powertools/utilities/streaming/*",
    "aws_lambda_powertools/utilities/validation/*",
    "sp_api/asyncio/*",
    # cryptography needs cffi's native half, never its compiler, its parser or its own headers.
    "cffi/*",
    "pycparser/*",
    # Only sp_api's configuration reader needs yaml, and never for speed.
    "yaml/_yaml*.so",
    # The tzdata package holds the same.
    "dateutil/zoneinfo/*.tar.gz",
    "bin/*",
    "*/tests/*",
    "*/testsuite/*",
    "*.pyi",
    "*.pyx",
    "*.pyc",
    # Of a package's own papers, its name, version and licence stay.
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/WHEEL",
    "*.dist-info/direct_url.json",
    "*.dist-info/entry_points.txt",
    "*.dist-info/top_level.txt",
    "*.dist-info/zip-safe",
    ".lock",
)
"""Patterns of paths that don't ship; ``*`` matches across folders."""

IMPORTED = (
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.idempotency",
    "boto3",
    "chalice.app",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.serialization",
    "msgspec",
    "pynamodb.models",
    "sp_api.api",
    "sp_api.base.client",
)
"""What the build imports at the end to prove that the cut was not too deep."""

NATIVE = ("cryptography", "msgspec")
"""Packages that load on their own platform alone."""

STABLE_ABI = ".abi3.so"


def ships(path: PurePosixPath) -> bool:
    """Return whether a file, named relative to the layer's root, belongs into the layer."""
    name = str(path)
    return _matches(name, KEPT) or not _matches(name, DROPPED)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def merge(installed: Sequence[Path], output: Path) -> int:
    """Copy what ships from the installed trees into ``output``, the first tree winning where several hold a file.

    Trees of other platforms differ in native code alone, whose file names carry the platform, so that is what they add.
    Code for Python's stable interface is the exception: its name is the same everywhere, so it gets the one of its
    platform here, after which its tree is called.

    Returns:
        the size of the first tree in bytes, which is what would ship untrimmed.
    """
    before = 0
    for number, tree in enumerate(installed):
        for source in sorted(tree.rglob("*")):
            if not source.is_file():
                continue
            relative = source.relative_to(tree)
            if number == 0:
                before += source.stat().st_size
            target = output / _named(relative, tree.name)
            if ships(PurePosixPath(relative.as_posix())) and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                # A copy, never a link: uv links what it installs to its cache.
                shutil.copyfile(source, target)
    return before


def _named(path: Path, of_platform: str) -> Path:
    if not path.name.endswith(STABLE_ABI):
        return path
    # An interpreter looks for this suffix first, whatever the interface. Source: PEP 3149.
    cpython = f".cpython-{RUNTIME[0]}{RUNTIME[1]}-"
    processor = of_platform.partition("-")[0]
    mark = "darwin.so" if "darwin" in of_platform else f"{processor}-linux-gnu.so"
    return path.with_name(f"{path.name.removesuffix(STABLE_ABI)}{cpython}{mark}")


def lighten(data: Path) -> None:
    """Make botocore's data quicker to load: every client that a function creates reads all of it.

    The list of endpoints keeps the services we call (reading the other four hundred is a tenth of a client's creation),
    and the services' models lose their documentation and their compression.
    """
    endpoints = data / "endpoints.json"
    if endpoints.is_file():
        document = json.loads(endpoints.read_bytes())
        names = {service.partition("/")[0] for service in SERVICES}
        for partition in document["partitions"]:
            services = partition["services"]
            partition["services"] = {name: services[name] for name in sorted(names & services.keys())}
        endpoints.write_text(_dense(document), encoding="utf-8")
    for packed in sorted(data.glob("*/*/*.json.gz")):
        model = _without_documentation(json.loads(gzip.decompress(packed.read_bytes())))
        packed.with_suffix("").write_text(_dense(model), encoding="utf-8")
        packed.unlink()


def _dense(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _without_documentation(node: object) -> object:
    if isinstance(node, dict):
        # A member that happens to be called "documentation" is an object; the documentation itself is text. botocore
        # insists on that of a client's context parameters.
        return {
            key: value if key == "clientContextParams" else _without_documentation(value)
            for key, value in node.items()
            if not (key == "documentation" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_without_documentation(value) for value in node]
    return node


def byte_compile(folder: Path, mount_point: str) -> None:
    """Compile every module below ``folder`` to byte-code that needs no time stamp.

    Raises:
        SystemExit: a module can't be compiled, or this is not the runtime's Python version.
    """
    if sys.version_info[:2] != RUNTIME:
        wanted = ".".join(map(str, RUNTIME))
        raise SystemExit(f"Byte-code must be made by Python {wanted}, not {platform.python_version()}.")
    compiled = compileall.compile_dir(
        folder,
        quiet=1,
        stripdir=str(folder),
        prependdir=mount_point,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        raise SystemExit("Some modules can't be compiled; their names stand above.")


def check_imports(folder: Path, modules: Sequence[str]) -> None:
    """Import ``modules`` from ``folder`` alone in a fresh interpreter.

    Raises:
        SystemExit: one of them can't be imported.
    """
    lines = ["import sys", f"sys.path.insert(0, {str(folder)!r})", *(f"import {name}" for name in modules)]
    command = [sys.executable, "-I", "-S", "-B", "-c", "\n".join(lines)]
    finished = subprocess.run(command, check=False)  # noqa: S603 - our own words
    if finished.returncode:
        raise SystemExit("The layer was cut too deep: see the import above.")


def size(folder: Path) -> int:
    """Return the bytes of all files below ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(arguments: Sequence[str]) -> None:
    """Build the layer: merge, trim, compile, check, and say how large it was and is."""
    output, *installed = (Path(argument) for argument in arguments)
    before = merge(installed, output)
    lighten(output / "botocore" / "data")
    trimmed = size(output)
    byte_compile(output, MOUNT_POINT)
    # Native code loads on its own platform alone, and this machine may be another than the ones the layer is for.
    loads = any(output.glob(f"msgspec/_core*{suffix}") for suffix in EXTENSION_SUFFIXES)
    check_imports(output, [name for name in IMPORTED if loads or not name.startswith(NATIVE)])
    sizes = [f"{count / 1e6:.1f} MB" for count in (before, trimmed, size(output))]
    sys.stdout.write("Dependencies: {} installed, {} trimmed, {} with byte-code.\n".format(*sizes))


if __name__ == "__main__":
    main(sys.argv[1:])
