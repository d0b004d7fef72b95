"""Replace one piece of the emulator, or refuse to start when that piece is no longer what it was.

A fix that silently no longer applies would be worse than none: the isolation of tenants depends on several of
them. So each fix states the text or the name it replaces, and :class:`FixRefusedError` stops the launcher when the
emulator does not hold it.
"""

import importlib
import importlib.metadata
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

EXPECTED_VERSION = "1.5.33"

_patched_sources: dict[tuple[str, str], str] = {}


class FixRefusedError(Exception):
    """A fix does not fit the emulator that is installed; the message names both and what to do."""

    def __init__(self, fix: str, missing: str) -> None:
        super().__init__(
            f"The fix '{fix}' of the embedded AWS was written for MiniStack {EXPECTED_VERSION}; "
            f"installed is {installed_version()}, and {missing}. "
            f"Install the pinned version (uv sync --only-group embedded-aws) or rewrite infra/local/fixes/{fix}.py."
        )


def installed_version() -> str:
    """The version of MiniStack in this environment, ``none`` without one."""
    try:
        return importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        return "none"


def part(name: str) -> Any:
    """The module ``ministack.<name>``."""
    return importlib.import_module(f"ministack.{name}")


def expect(fix: str, owner: Any, *names: str) -> Any:
    """The attribute ``names[-1]`` of ``owner``, with all of ``names`` present; :class:`FixRefusedError` otherwise."""
    for name in names:
        if not hasattr(owner, name):
            raise FixRefusedError(fix, f"{_title(owner)} has no '{name}'")
    return getattr(owner, names[-1])


def wrap(fix: str, owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    """Put ``wrapper(original)`` in the place of ``owner.name``."""
    setattr(owner, name, wrapper(expect(fix, owner, name)))


def replace_text(fix: str, owner: Any, name: str, *pairs: tuple[str, str]) -> None:
    """Recompile the function ``owner.name`` with each ``(old, new)`` replaced; several fixes may share a function.

    ``owner`` is a module or a class. Every ``old`` has to be there, once or more.
    """
    function = expect(fix, owner, name)
    key = (_title(owner), name)
    source = _patched_sources.get(key) or textwrap.dedent(inspect.getsource(function))
    for old, new in pairs:
        if old not in source:
            raise FixRefusedError(fix, f"{key[0]}.{name} no longer contains {old.strip()!r}")
        source = source.replace(old, new)
    _patched_sources[key] = source
    scope: dict[str, Any] = owner.__dict__ if inspect.ismodule(owner) else vars(inspect.getmodule(owner))
    made: dict[str, Any] = {}
    exec(compile(source, f"<{key[0]}.{name}, fixed>", "exec"), scope, made)  # noqa: S102 - the emulator's own text
    setattr(owner, name, made[name])


def replace_constant(fix: str, owner: Any, name: str, old: str, new: str) -> None:
    """Replace ``old`` by ``new`` inside the string constant ``owner.name``."""
    value = expect(fix, owner, name)
    if not isinstance(value, str) or old not in value:
        raise FixRefusedError(fix, f"{_title(owner)}.{name} no longer contains {old.strip()!r}")
    setattr(owner, name, value.replace(old, new))


def after_provisioning(fix: str, resource_type: str, finish: Callable[[str, dict[str, Any]], None]) -> None:
    """Call ``finish(physical_id, properties)`` after CloudFormation created or updated such a resource."""
    handlers: dict[str, dict[str, Any]] = expect(
        fix, part("services.cloudformation.provisioners"), "_RESOURCE_HANDLERS"
    )
    if resource_type not in handlers or not {"create", "update"} <= handlers[resource_type].keys():
        raise FixRefusedError(fix, f"CloudFormation has no provisioner for {resource_type}")
    handler = handlers[resource_type]
    create, update = handler["create"], handler["update"]

    def created(logical_id: str, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        made = create(logical_id, properties, *rest, **named)
        finish(made[0], properties)
        return made

    def updated(physical_id: str, old: Any, new: dict[str, Any], *rest: Any, **named: Any) -> Any:
        made = update(physical_id, old, new, *rest, **named)
        finish(made[0], new)
        return made

    handler["create"], handler["update"] = created, updated


def _title(owner: Any) -> str:
    return str(getattr(owner, "__qualname__", None) or owner.__name__)
