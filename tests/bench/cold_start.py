"""Cold start: what a function does before its first event, relative to a bare boto3 DynamoDB client.

The functions and layers are built by the project's own Makefiles, the same that ``sam build`` calls. Every start is a
fresh interpreter of the runtime's version without site packages (``-I -S``) that sees the function's folder, the layers
and, last, the locked boto3 as PyPI ships it, byte-compiled, as in the Lambda runtime. The bare client is a start of the
same kind that sees this boto3 alone. Starts are interleaved and the smallest CPU time of each counts: whatever made
another one slower was not the code. Milliseconds are of this machine; only ratios mean something elsewhere.
"""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tests.bench.catalogue import DATA_FUNCTIONS, Result
from tests.bench.deployment import PARAMETERS, read_template
from tests.bench.harness import REPOSITORY, NotMeasurableError, Run, median_of

PROBE = Path(__file__).with_name("cold_start_probe.py")
RUNTIME_BOTO3 = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
"""boto3 and everything it requires."""

STARTS = 25
QUICK_STARTS = 3
_SECONDS = 60


def measure(run: Run) -> Result:
    """Build, start everything in turns, and relate the smallest CPU times."""
    built = _build(run)
    runtime = _runtime(run)
    template = read_template()
    starts: dict[str, list[dict[str, float]]] = {"bare": []}
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "bare": (_command("bare", run.scratch / "nothing", runtime), _basics())
    }
    (run.scratch / "nothing").mkdir()
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        handler: str = resource["Properties"]["Handler"]
        name = handler.split(".", 1)[0]
        folders = [built / "task" / name, *([built / "opt" / "python"] if resource["Properties"].get("Layers") else [])]
        commands[name] = (_command(handler, *folders, runtime), environment_of(template, resource, name))
        starts[name] = []
    turns = QUICK_STARTS if run.quick else STARTS
    for turn in range(turns + 1):
        for name, (command, variables) in commands.items():
            started = _start(name, command, variables)
            # The first turn fills the disk cache and is not counted.
            if turn:
                starts[name].append(started)
        run.say(f"Start {turn} of {turns} of each function.")
    return _report(starts)


def _report(starts: Mapping[str, list[dict[str, float]]]) -> Result:
    best = {name: min(each["cpu_ms"] for each in found) for name, found in starts.items()}
    bare = best["bare"]
    functions = [name for name in starts if name != "bare"]
    return {
        "bare_ms": round(bare, 1),
        "ratios": {name: round(best[name] / bare, 3) for name in functions},
        "median_ratios": {
            name: round(_median(starts, name, "cpu_ms") / _median(starts, "bare", "cpu_ms"), 3) for name in functions
        },
        "import_ratios": {name: round(min(each["import_ms"] for each in starts[name]) / bare, 3) for name in functions},
        "milliseconds": {name: round(best[name], 1) for name in functions},
        "modules": {name: int(starts[name][0]["modules"]) for name in starts},
        "starts": len(starts["bare"]),
    }


def _median(starts: Mapping[str, list[dict[str, float]]], name: str, key: str) -> float:
    return median_of([each[key] for each in starts[name]])


def _build(run: Run) -> Path:
    """Lay layers and functions out as Lambda sees them.

    Raises:
        NotMeasurableError: the build failed; what it said stands above.
    """
    output = run.scratch / "lambda"
    make = shutil.which("make")
    if make is None:
        raise NotMeasurableError("the functions are built with make, which is not installed.")
    # Native code is the only thing that differs between processors, so the layers are built for all of Lambda's.
    done = subprocess.run(  # noqa: S603 - our own Makefile
        [
            make,
            "-s",
            "-C",
            str(REPOSITORY / "layers"),
            "lambda",
            f"OUTPUT={output}",
            f"LAYER_PYTHON={_interpreter()}",
        ],
        stdout=sys.stderr,
        check=False,
        env={
            name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL"}
        },
    )
    if done.returncode:
        raise NotMeasurableError("the functions can't be built; the reason stands above.")
    run.say("Functions and layers are built.")
    return output


def _interpreter() -> str:
    """Return the interpreter itself and not the one of this environment, whose packages must stay out of sight."""
    return str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")


def _runtime(run: Run) -> Path:
    """Copy the locked boto3 and what it requires, untouched, and byte-compile it: the Lambda runtime's own."""
    target = run.scratch / "runtime"
    for name in RUNTIME_BOTO3:
        found = distribution(name)
        for file in found.files or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                copy = target / file
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), copy)
    compileall.compile_dir(target, quiet=1)
    run.say(f"The bare client uses boto3 {distribution('boto3').version}, as PyPI ships it, byte-compiled.")
    return target


def _command(target: str, *folders: Path) -> list[str]:
    return [_interpreter(), "-I", "-S", "-B", str(PROBE), target, *(str(folder) for folder in folders)]


def _basics() -> dict[str, str]:
    return {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "cold-start",
        "AWS_SECRET_ACCESS_KEY": "cold-start",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "cold-start",
        "LAMBDA_TASK_ROOT": "/var/task",
        "PATH": os.environ.get("PATH", ""),
    }


def environment_of(template: Mapping[str, Any], resource: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the variables the template gives a function, with made-up names for what only a deployment knows."""
    variables = {**template["Globals"]["Function"]["Environment"]["Variables"]}
    variables |= resource["Properties"].get("Environment", {}).get("Variables", {})
    environment = {variable: _value(template, variable, value) for variable, value in variables.items()}
    if name in DATA_FUNCTIONS:
        environment["QUAYSIDE_DOOR"] = "tenant" if "TENANT_ROLE_ARN" in environment else "system"
    return _basics() | environment


def _value(template: Mapping[str, Any], variable: str, value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    parameter = template["Parameters"].get(value.get("Ref"))
    if parameter is not None:
        return str(PARAMETERS.get(str(value["Ref"]), parameter.get("Default", "")))
    if variable.endswith("_ARN"):
        return f"arn:aws:service:us-east-1:000000000000:{variable.lower()}"
    return f"https://localhost/{variable.lower()}" if variable.endswith("_URL") else f"cold-start-{variable.lower()}"


def _start(name: str, command: list[str], variables: Mapping[str, str]) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 - our own interpreter and probe
        command, env=dict(variables), capture_output=True, text=True, check=False, timeout=_SECONDS, cwd="/"
    )
    if done.returncode:
        raise NotMeasurableError(f"{name} does not start: {done.stderr[-2000:]}")
    started: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return started
