# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: evaluate Ansible's conditionals for many values at a time.

To evaluate one conditional for one value, ansible-core compiles it and copies all variables of the play, which takes
more than a millisecond. Here one template loops over all values, so that this happens once. Only this file handles
the differences between the releases of ansible-core's templating.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ansible.template import Templar
from jinja2 import Environment, TemplateSyntaxError, Undefined, UndefinedError, nodes, pass_context

from ...module_utils._redact import scrub_text
from .._native_types import describe_type
from .model import ConnectionKey, Facts

try:
    from ansible.template import trust_as_template  # ansible-core 2.19 and newer
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    class _UnsafeList(list):  # type: ignore[type-arg]  # of any values
        """A list that expressions receive itself, and not a copy in which each text was searched for templates."""

        __UNSAFE__ = True

    def _with_variables(templar: Templar, variables: dict[str, Any]) -> Templar:
        # The lookups of a copy would still read the variables of the play.
        return Templar(loader=templar._loader, variables=variables)

    def trust_as_template(template: str) -> str:
        """Return the text: older releases take every text for a template."""
        return template

    def as_data(value: Any) -> Any:
        """Return a value whose texts are marked, so that they are never taken for templates."""
        wrapped = wrap_var(value)
        return _UnsafeList(wrapped) if isinstance(wrapped, list) else wrapped
else:

    def _with_variables(templar: Templar, variables: dict[str, Any]) -> Templar:
        return templar.copy_with_new_env(available_variables=variables)

    def as_data(value: Any) -> Any:
        """Return the value: a text that is not marked as trusted is never a template."""
        return value


T = TypeVar("T")
_MAX_MESSAGE = 300

# In a block a backslash means the same as in 'when' and 'that' of a task. Because of the copy that is never executed,
# Jinja looks up each variable once, instead of once for each value.
_LOOK_UP = "{%% if false %%}{%% set _sde_result = (%(expression)s) %%}{%% endif %%}"
# In a list true and 'true' become different texts; 'is sameas' would call a plugin for each value. The comparison comes
# first, so that only booleans and numbers become texts.
_BULK = (
    _LOOK_UP + "{%% for %(name)s in _sde_values %%}%(previous)s{%% set _sde_result = (%(expression)s) %%}"
    "{%% if _sde_result == true and [_sde_result] ~ '' == '[True]' %%}T"
    "{%% elif _sde_result == false and [_sde_result] ~ '' == '[False]' %%}F{%% else %%}?{%% endif %%}"
    "{%% endfor %%}"
)
_ONE_BY_ONE = (
    _LOOK_UP + "{%% macro _sde_expression(%(name)s) %%}%(previous)s{%% set _sde_result = (%(expression)s) %%}"
    "{{ _sde_collect(_sde_result) }}{%% endmacro %%}{{ _sde_call_for_each(_sde_expression) }}"
)
_MESSAGES = (
    "{%% macro _sde_message(%(name)s) %%}%(previous)s{%% set _sde_result %%}%(expression)s{%% endset %%}"
    "{{ _sde_collect(_sde_result) }}{%% endmacro %%}{{ _sde_call_for_each(_sde_message) }}"
)
# The facts of the same connection in the baseline.
_SET_PREVIOUS = "{% set previous = _sde_previous(connection) %}"
_BOOLEANS = {"T": True, "F": False}
# A message must not show what a play knows, and a sentence needs no list of all connections.
_HIDDEN_FROM_MESSAGES = ("connections",)


class EvaluationError(NamedTuple):
    """The reason why an expression has no value. Returned, not raised: other values are not affected."""

    message: str


class Engine:
    """Evaluates expressions, with the variables of a play and with data."""

    def __init__(
        self,
        templar: Templar,
        play: dict[str, Any],
        data: dict[str, Any],
        tick: Callable[[], None] = lambda: None,
        previous: Mapping[ConnectionKey, Facts] | None = None,
    ) -> None:
        # Without a baseline, these are null whatever the connection is, so that a rule can be off.
        self._previous = None if previous is None else {key: as_data(facts) for key, facts in previous.items()}
        data = data if previous is not None else {**data, "previous": None, "baseline": None}
        self.data = {name: as_data(value) for name, value in data.items()}
        # All findings of a report have the same time, which is in the report.
        self.shown_data = {name: value for name, value in self.data.items() if name != "audited_at"}
        self._templar = templar
        self._variables = {**play, **self.data}
        self._tick = tick
        self._constants: dict[str, bool | EvaluationError] = {}

    def previous_of(self, connection: Facts) -> Facts | None:
        """Return the facts of the same connection in the baseline; None if it is new, or without a baseline."""
        return (self._previous or {}).get((connection["kind"], connection["id"])) if "id" in connection else None

    def _reads(self, expression: str, name: str) -> bool:
        """Return whether an expression depends on the value with this name."""
        return _reads(expression, name) or (self._previous is not None and _reads(expression, "previous"))

    def evaluate_conditional(
        self, expression: str, name: str, values: Sequence[Any]
    ) -> Sequence[bool | EvaluationError]:
        """Return whether the expression is true for each value, which the expression knows by this name.

        The values are data, as from as_data(). An expression that does not read the name is evaluated once per engine.
        """
        if not self._reads(expression, name):
            if expression not in self._constants:
                self._constants[expression] = self.evaluate_once(expression, _boolean)
            return [self._constants[expression]] * len(values)
        iterator = _TickingIterator(values, self._tick)
        try:
            letters = self._render(_BULK, expression, name, {**self._variables, "_sde_values": iterator})
        except Exception:  # noqa: BLE001 (of any filter or lookup; one by one finds the value and the reason)
            letters = "?"
        if "?" in letters or len(letters) != len(values):
            return self.evaluate(expression, name, values, _boolean)
        return [_BOOLEANS[letter] for letter in letters]

    def is_constant_false(self, expression: str, name: str) -> bool:
        """Return whether an expression is false whatever the value is, because it does not read it."""
        return not self._reads(expression, name) and self.evaluate_conditional(expression, name, [None]) == [False]

    def evaluate(
        self, expression: str, name: str, values: Sequence[Any], convert: Callable[[Any], T | EvaluationError]
    ) -> list[T | EvaluationError]:
        """Return the converted result of the expression for each value.

        'convert' is called within the template: results may be of ansible-core's own types, which are invalid after it.
        """
        return self._evaluate(_ONE_BY_ONE, expression, name, values, convert=convert, variables=self._variables)

    def render_messages(self, template: str, name: str, values: Sequence[Any]) -> list[str | EvaluationError]:
        """Return the template's text for each value, on one line. It sees the value and data, but not the play."""
        variables = {key: value for key, value in self.data.items() if key not in _HIDDEN_FROM_MESSAGES}
        return self._evaluate(_MESSAGES, template, name, values, convert=_one_line, variables=variables)

    def _evaluate(
        self,
        template: str,
        expression: str,
        name: str,
        values: Sequence[Any],
        *,
        convert: Callable[[Any], T | EvaluationError],
        variables: dict[str, Any],
    ) -> list[T | EvaluationError]:
        collector = _ErrorCollector(_TickingIterator(values, self._tick), convert)
        functions = {"_sde_collect": collector.collect, "_sde_call_for_each": collector.call_for_each}
        try:
            self._render(template, expression, name, {**variables, **functions})
        except Exception as exc:  # noqa: BLE001 (of any filter or lookup)
            return [EvaluationError(_message_of(exc))] * len(values)
        if len(collector.results) != len(values):  # an expression that knows our names can skip values
            return [EvaluationError("the expression was not evaluated for each value")] * len(values)
        return collector.results

    def evaluate_once(self, expression: str, convert: Callable[[Any], T | EvaluationError]) -> T | EvaluationError:
        """Return the converted result of an expression that reads no value."""
        return self.evaluate(expression, "_sde_nothing", [None], convert)[0]

    def compile_error(self, expression: str, name: str, *, is_message: bool = False) -> str | None:
        """Return why an expression or a message cannot be compiled, such as an unknown filter; None if it can."""
        nothing = {"_sde_values": [], "_sde_call_for_each": lambda macro: ""}
        try:
            self._render(_MESSAGES if is_message else _BULK, expression, name, nothing)
        except Exception as exc:  # noqa: BLE001 (of any plugin that cannot be loaded)
            return f"cannot be compiled ({_message_of(exc).rstrip('.')})"
        return None

    def _render(self, template: str, expression: str, name: str, variables: dict[str, Any]) -> str:
        has_previous = self._previous is not None and name == "connection"
        previous = _SET_PREVIOUS if has_previous and "previous" in expression else ""
        templar = _with_variables(self._templar, {**variables, "_sde_previous": self.previous_of})
        text = trust_as_template(template % {"name": name, "expression": expression, "previous": previous})
        return str(templar.template(text, escape_backslashes=False) or "")


class _TickingIterator:
    """An iterator that reports progress. Newer releases would pass a list on as copies."""

    def __init__(self, values: Sequence[Any], tick: Callable[[], None]) -> None:
        self._values = iter(values)
        self._tick = tick

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._tick()
        return next(self._values)


class _ErrorCollector(Generic[T]):
    """Two functions for a template. They keep an error for one value from affecting the others."""

    def __init__(self, values: Iterator[Any], convert: Callable[[Any], T | EvaluationError]) -> None:
        self.results: list[T | EvaluationError] = []
        self._values = values
        self._convert = convert
        self._collected: list[T | EvaluationError] = []

    @pass_context
    def call_for_each(self, context: Any, macro: Any) -> str:
        """Call the macro for each value."""
        # Newer releases call macros in their own way, without which undefined values cannot be tested for.
        call = getattr(context.environment, "call", None)
        for value in self._values:
            self._collected.clear()
            try:
                left = call(context, macro, value) if call else context.call(macro, value)
                if not self._collected:
                    str(left)  # raises the error that newer releases return
            except Exception as exc:  # noqa: BLE001 (of any filter or lookup)
                self.results.append(EvaluationError(_message_of(exc)))
            else:
                self.results.append(
                    self._collected[0] if self._collected else EvaluationError("the expression has no value")
                )
        return ""

    def collect(self, value: Any) -> str:
        """Keep the result for the current value."""
        if isinstance(value, Undefined):
            str(value)  # raises an error that says so
        self._collected.append(self._convert(value))
        return ""


def _reads(expression: str, name: str) -> bool:
    """Return whether an expression reads a variable. No filter or lookup finds the loop's variable by its name."""
    tree = Environment().parse(_LOOK_UP % {"expression": expression})  # noqa: S701 (nothing is rendered)
    return any(node.name == name for node in tree.find_all(nodes.Name))


def _boolean(value: Any) -> bool | EvaluationError:
    if isinstance(value, bool):
        return value
    return EvaluationError(f"the result must be true or false, not {describe_type(value)}")


def _one_line(value: Any) -> str | EvaluationError:
    """Return a message on one line. The facts in it are masked; its author's variables are not."""
    text = scrub_text(" ".join(str(value).split()))
    if not text:
        return EvaluationError("the message is empty")
    return text if len(text) <= _MAX_MESSAGE else f"{text[: _MAX_MESSAGE - 1]}…"


def _message_of(exc: Exception) -> str:
    """Return the error on one printable line. Newer releases wrap it, older ones add the whole template."""
    cause: BaseException | None = exc.__cause__ or getattr(exc, "orig_exc", None)
    shown: BaseException = exc
    if cause and (isinstance(exc, UndefinedError) or isinstance(cause, TemplateSyntaxError)):
        shown = cause
    printable = "".join(one if one.isprintable() else " " for one in str(shown))
    message = " ".join(printable.split()) or type(shown).__name__
    return scrub_text(message if len(message) <= _MAX_MESSAGE else f"{message[: _MAX_MESSAGE - 3]}...")
