# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: Ansible's conditionals, for many values at a time.

To evaluate one conditional for one value, ansible-core compiles it and lays all variables of the play around it, which
takes more than a millisecond. Here a template loops over all values, so that this is done once. Here, and only here, the
audit has to know that releases of ansible-core differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ansible.template import Templar
from jinja2 import TemplateSyntaxError, Undefined, UndefinedError, pass_context

from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text

try:
    from ansible.template import trust_as_template  # ansible-core 2.19 and newer
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    class _Untouched(list):
        """A list that an expression gets as it is, instead of a copy in which each text was looked at for templates."""

        __UNSAFE__ = True

    def trust_as_template(template: str) -> str:
        """Older releases take every text for a template."""
        return template

    def as_data(value: Any) -> Any:
        """Mark texts, so that they are never taken for templates."""
        wrapped = wrap_var(value)
        return _Untouched(wrapped) if isinstance(wrapped, list) else wrapped
else:

    def as_data(value: Any) -> Any:
        """A text that nobody trusts is no template."""
        return value


_LONGEST_MESSAGE = 300

# Expressions stand in blocks, where a backslash means the same as in 'when' and 'that' of a task. The copy that is never
# executed has Jinja look up each variable once, instead of once for each value.
_LOOK_UP = "{%% if false %%}{%% set _sde_result = (%(expression)s) %%}{%% endif %%}"
_BULK = (
    _LOOK_UP + "{%% for %(name)s in _sde_values %%}{%% set _sde_result = (%(expression)s) %%}"
    "{%% if _sde_result is sameas true %%}T{%% elif _sde_result is sameas false %%}F{%% else %%}?{%% endif %%}{%% endfor %%}"
)
_ONE_BY_ONE = (
    _LOOK_UP + "{%% macro _sde_expression(%(name)s) %%}{%% set _sde_result = (%(expression)s) %%}"
    "{{ _sde_take(_sde_result) }}{%% endmacro %%}{{ _sde_each(_sde_expression) }}"
)
_ANSWERS = {"T": True, "F": False}


class Problem(NamedTuple):
    """Why an expression has no value."""

    message: str


class Engine:
    """Evaluates expressions, with the variables of a play and with data."""

    def __init__(
        self, templar: Templar, play: dict[str, Any], data: dict[str, Any], tick: Callable[[], None] = lambda: None
    ) -> None:
        self.data = {name: as_data(value) for name, value in data.items()}
        self._templar = templar
        self._variables = {**play, **self.data}
        self._tick = tick

    def answers(self, expression: str, name: str, values: Sequence[Any]) -> list[bool | Problem]:
        """Whether the expression is true or false of each value, which it knows by this name; data, as by as_data()."""
        values_in_turn = _Values(values, self._tick)
        try:
            letters = self._render(_BULK, expression, name, {"_sde_values": values_in_turn})
        except (
            Exception
        ):  # of whatever filter or lookup the expression uses; the other way says of which value, and why
            letters = "?"
        if "?" in letters or len(letters) != len(values):
            return self.results(expression, name, values, _boolean)
        return [_ANSWERS[letter] for letter in letters]

    def results(self, expression: str, name: str, values: Sequence[Any], take: Callable[[Any], Any]) -> list[Any]:
        """What 'take' makes of the expression's result for each value, or the Problem with it.

        Results may be of ansible-core's own types, which do not outlast the template.
        """
        loop = _Loop(_Values(values, self._tick), take)
        try:
            self._render(_ONE_BY_ONE, expression, name, {"_sde_take": loop.take, "_sde_each": loop.each})
        except Exception as exc:
            return [Problem(_message_of(exc))] * len(values)
        if len(loop.results) != len(values):  # an expression that knows our names took some away: none may pass unseen
            return [Problem("it was not evaluated for each value")] * len(values)
        return loop.results

    def problem(self, expression: str, name: str) -> str | None:
        """What keeps an expression from being compiled, such as a filter that does not exist."""
        try:
            self._render(_BULK, expression, name, {"_sde_values": []})
        except Exception as exc:
            return f"cannot be compiled ({_message_of(exc).rstrip('.')})"
        return None

    def _render(self, template: str, expression: str, name: str, functions: dict[str, Any]) -> str:
        templar = self._templar.copy_with_new_env(available_variables={**self._variables, **functions})
        text = trust_as_template(template % {"name": name, "expression": expression})
        return str(templar.template(text, escape_backslashes=False) or "")


class _Values:
    """An iterator, and not a list, from which newer releases would hand out copies."""

    def __init__(self, values: Sequence[Any], tick: Callable[[], None]) -> None:
        self._values = iter(values)
        self._tick = tick

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._tick()
        return next(self._values)


class _Loop:
    """The two functions that the template calls that keeps problems apart."""

    def __init__(self, values: _Values, take: Callable[[Any], Any]) -> None:
        self.results: list[Any] = []
        self._values = values
        self._take = take
        self._taken: list[Any] = []

    @pass_context
    def each(self, context: Any, macro: Any) -> str:
        """Call the macro for each value. What goes wrong with one of them is kept from the others."""
        # Newer releases have a way of their own to call macros, without which undefined values cannot be tested for.
        call = getattr(context.environment, "call", None)
        for value in self._values:
            self._taken.clear()
            try:
                left = call(context, macro, value) if call else context.call(macro, value)
                if not self._taken:
                    str(left)  # what newer releases return instead of an error, and raise now
            except Exception as exc:
                self.results.append(Problem(_message_of(exc)))
            else:
                self.results.append(self._taken[0] if self._taken else Problem("it has no value"))
        return ""

    def take(self, value: Any) -> str:
        """Keep what the expression gave for the value whose turn it is."""
        if isinstance(value, Undefined):
            str(value)  # raises what says so
        self._taken.append(self._take(value))
        return ""


def _boolean(value: Any) -> bool | Problem:
    return value if isinstance(value, bool) else Problem(f"it must be true or false, and is {kind_of(value)}")


def kind_of(value: Any) -> str:
    """A value as a message about its type calls it; its content may be anything."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in ((str, "text"), ((int, float), "a number"), ((list, tuple), "a list"), (dict, "a mapping")):
        if isinstance(value, kind):
            return name
    return f"of type {type(value).__name__}"


def _message_of(exc: Exception) -> str:
    """What went wrong, on one line that can be printed. Newer releases wrap it up, older ones add the whole template."""
    cause = exc.__cause__ or getattr(exc, "orig_exc", None)
    if cause and (isinstance(exc, UndefinedError) or isinstance(cause, TemplateSyntaxError)):
        exc = cause
    message = " ".join("".join(one if one.isprintable() else " " for one in str(exc)).split()) or type(exc).__name__
    return scrub_text(message if len(message) <= _LONGEST_MESSAGE else f"{message[: _LONGEST_MESSAGE - 3]}...")
