"""Code and layers are unpacked once for each version, not once for each process.

Gap: MiniStack unpacks a function and its layers into a new directory for every process it starts: seconds and
gigabytes on a small machine, and the directories stay behind. On AWS ``/var/task`` and ``/opt`` are read-only
and prepared before the process starts. Source: AWS Lambda developer guide, "Lambda execution environment".
"""

import hashlib
import io
import pathlib
import tempfile
import threading
import zipfile

from infra.local.patching import part, replace_text

NAME = "unpacked_code"

_lock = threading.Lock()


def apply() -> None:
    """Point every process at the shared directories."""
    runtime = part("core.lambda_runtime")
    runtime._unpacked = unpacked
    replace_text(
        NAME,
        runtime.Worker,
        "_spawn",
        (
            'code_dir = os.path.join(self._tmpdir, "code")\n    os.makedirs(code_dir)\n',
            "code_dir = _unpacked(self.code_zip)\n",
        ),
        (
            (
                '    with open(os.path.join(self._tmpdir, "code.zip"), "wb") as f:\n        f.write(self.code_zip)\n'
                '    with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:\n'
                "        zf.extractall(code_dir)\n"
            ),
            "",
        ),
        (
            "            if layer_data:\n",
            (
                "            if layer_data:\n"
                "                layers_dirs.append(_unpacked(layer_data))\n"
                "                continue\n"
            ),
        ),
    )


def unpacked(archive: bytes) -> str:
    """The directory that holds ``archive`` unpacked; the same bytes give the same directory."""
    base = pathlib.Path(tempfile.gettempdir()) / "unpacked"
    target = base / hashlib.sha256(archive).hexdigest()[:32]
    with _lock:
        if not target.exists():
            base.mkdir(parents=True, exist_ok=True)
            unfinished = pathlib.Path(tempfile.mkdtemp(dir=base))
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                packed.extractall(unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(target)
    return str(target)
