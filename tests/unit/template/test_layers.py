"""The dependencies layer: what ships, how it is compiled, and that its lock is the project's."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def _load_trim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trim", ROOT / "layers" / "dependencies" / "trim.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


trim: Any = _load_trim()


@pytest.mark.parametrize(
    "path",
    [
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "botocore/data/cognito-idp/2016-04-18/endpoint-rule-set-1.json.gz",
        "botocore/data/endpoints.json",
        "botocore/data/partitions.json",
        "botocore/cacert.pem",
        "botocore/docs/docstring.py",
        "chalice/app.py",
        "aws_lambda_powertools/utilities/batch/base.py",
        "aws_lambda_powertools/utilities/idempotency/base.py",
        "msgspec/_core.cpython-313-aarch64-linux-gnu.so",
        "_cffi_backend.cpython-313-aarch64-linux-gnu.so",
        "cryptography/hazmat/bindings/_rust.abi3.so",
        "boto3-1.43.106.dist-info/licenses/LICENSE",
        "boto3-1.43.106.dist-info/METADATA",
    ],
)
def test_what_the_functions_use_ships(path: str) -> None:
    assert trim.ships(PurePosixPath(path))


@pytest.mark.parametrize(
    "path",
    [
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "botocore/data/dynamodb/2011-12-05/service-2.json.gz",
        "botocore/data/acm/2015-12-08/waiters-2.json",
        "boto3/data/ec2/2016-11-15/resources-1.json",
        "chalice/cli/__init__.py",
        "chalice/deploy/deployer.py",
        "aws_lambda_powertools/event_handler/api_gateway.py",
        "aws_lambda_powertools/utilities/parser/parser.py",
        "sp_api/asyncio/api/orders/orders.py",
        "yaml/_yaml.cpython-313-x86_64-linux-gnu.so",
        "msgspec/json.pyi",
        "botocore/__pycache__/session.cpython-313.pyc",
        "boto3-1.43.106.dist-info/RECORD",
        "botocore/data/kms/2014-11-01/examples-1.json",
        "bin/httpx",
        "cffi/api.py",
        "pycparser/c_parser.py",
    ],
)
def test_what_they_do_not_use_stays_behind(path: str) -> None:
    assert not trim.ships(PurePosixPath(path))


def test_native_code_of_every_platform_lies_side_by_side(tmp_path: Path) -> None:
    for platform in ("x86_64", "aarch64"):
        package = tmp_path / platform / "fast"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"# from {platform}\n", encoding="utf-8")
        (package / f"_core.cpython-313-{platform}-linux-gnu.so").write_bytes(b"native")
    output = tmp_path / "output"

    before = trim.merge([tmp_path / "x86_64", tmp_path / "aarch64"], output)

    assert sorted(path.name for path in (output / "fast").iterdir()) == [
        "__init__.py",
        "_core.cpython-313-aarch64-linux-gnu.so",
        "_core.cpython-313-x86_64-linux-gnu.so",
    ]
    assert (output / "fast" / "__init__.py").read_text(encoding="utf-8") == "# from x86_64\n"
    assert before == len("# from x86_64\n") + len(b"native")


def test_code_for_the_stable_interface_gets_the_name_of_its_platform(tmp_path: Path) -> None:
    platforms = ("x86_64-manylinux2014", "aarch64-manylinux2014", "aarch64-apple-darwin")
    for platform in platforms:
        package = tmp_path / platform / "sealed"
        package.mkdir(parents=True)
        (package / "_rust.abi3.so").write_text(platform, encoding="utf-8")
    output = tmp_path / "output"

    trim.merge([tmp_path / platform for platform in platforms], output)

    assert {path.name: path.read_text(encoding="utf-8") for path in (output / "sealed").iterdir()} == {
        "_rust.cpython-313-x86_64-linux-gnu.so": "x86_64-manylinux2014",
        "_rust.cpython-313-aarch64-linux-gnu.so": "aarch64-manylinux2014",
        "_rust.cpython-313-darwin.so": "aarch64-apple-darwin",
    }


def test_a_client_reads_only_what_it_needs_of_botocores_data(tmp_path: Path) -> None:
    model = {
        "metadata": {"serviceId": "SQS"},
        "documentation": "<p>words</p>",
        "clientContextParams": {"Accelerate": {"documentation": "read", "type": "boolean"}},
        "shapes": {
            "Page": {"type": "structure", "documentation": "words", "members": {"documentation": {"shape": "S"}}}
        },
    }
    folder = tmp_path / "sqs" / "2012-11-05"
    folder.mkdir(parents=True)
    (folder / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
    endpoints = {"version": 3, "partitions": [{"partition": "aws", "services": {"ec2": {}, "sqs": {"endpoints": {}}}}]}
    (tmp_path / "endpoints.json").write_text(json.dumps(endpoints), encoding="utf-8")

    trim.lighten(tmp_path)

    assert [path.name for path in folder.iterdir()] == ["service-2.json"]
    assert json.loads((folder / "service-2.json").read_bytes()) == {
        "metadata": {"serviceId": "SQS"},
        # botocore reads the documentation of these, and of nothing else.
        "clientContextParams": {"Accelerate": {"documentation": "read", "type": "boolean"}},
        "shapes": {"Page": {"type": "structure", "members": {"documentation": {"shape": "S"}}}},
    }
    assert json.loads((tmp_path / "endpoints.json").read_bytes()) == {
        "version": 3,
        "partitions": [{"partition": "aws", "services": {"sqs": {"endpoints": {}}}}],
    }


def test_byte_code_is_used_whatever_the_time_stamp_says(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("ONE = 1\n", encoding="utf-8")

    trim.byte_compile(tmp_path, "/opt/python")

    (compiled,) = (tmp_path / "__pycache__").iterdir()
    # PEP 552: flags 1 = checked against nothing but, if at all, a hash of the source; bit 2 unset = never checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1
    assert b"/opt/python/one.py" in compiled.read_bytes()


def test_a_module_that_cannot_be_compiled_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def :\n", encoding="utf-8")

    with pytest.raises(SystemExit):
        trim.byte_compile(tmp_path, "/opt/python")


def test_a_cut_too_deep_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "whole.py").write_text("import json\n", encoding="utf-8")
    (tmp_path / "cut.py").write_text("import a_package_that_was_dropped\n", encoding="utf-8")

    trim.check_imports(tmp_path, ["whole"])
    with pytest.raises(SystemExit):
        trim.check_imports(tmp_path, ["whole", "cut"])


def test_the_runtime_is_the_templates(template: Any) -> None:
    major, minor = trim.RUNTIME

    assert template.document["Globals"]["Function"]["Runtime"] == f"python{major}.{minor}"
    assert sys.version_info[:2] == trim.RUNTIME


def test_the_layers_requirements_are_those_of_the_lock(tmp_path: Path) -> None:
    fresh = tmp_path / "requirements.txt"
    environment = {**os.environ, "UV_OFFLINE": "1"}
    command = ["make", "-s", "-C", str(ROOT / "layers"), "lock", f"REQUIREMENTS={fresh}"]
    subprocess.run(command, check=True, env=environment)  # noqa: S603 - our own words

    shipped = (ROOT / "layers" / "dependencies" / "requirements.txt").read_text(encoding="utf-8")
    assert shipped == fresh.read_text(encoding="utf-8"), "run: make -C layers lock"
    assert not re.search("^(pip|setuptools|inquirer|click)==", shipped, flags=re.MULTILINE)
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=\S)", shipped.strip()))
