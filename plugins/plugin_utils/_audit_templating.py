# SPDX-FileCopyrightText: 2026 The securitycompass.sdelements authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to this collection: Ansible's conditionals, many at a time. Here, and only here, releases of ansible-core differ.

To evaluate a conditional, ansible-core compiles it and lays all variables of the play around it: a millisecond or more
each time. Here a conditional is compiled once, as the body of a macro, which is then called for one value after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ansible.template import Templar
from jinja2 import TemplateSyntaxError, Undefined, UndefinedError, pass_context

from ansible_collections.securitycompass.sdelements.plugins.module_utils._redact import scrub_text

try:
    from ansible.template import trust_as_template  # ansible-core 2.19 and newer
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var

    class _Untouched(list):
        """A list that ansible-core hands to an expression as it is, instead of looking for templates in each value."""

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
        """A plain text is no template here."""
        return value


_LONGEST_MESSAGE = 300

# Expressions stand in blocks, where a backslash means the same as in 'when' and 'that' of a task. The one that is never
# executed makes Jinja look up the variables once, and not for each value.
_TEMPLATE = """\
{%% macro _sde_expression(%(name)s) %%}{%% set _sde_result = (%(expression)s) %%}{{ _sde_take(_sde_result) }}{%% endmacro %%}\
{%% if false %%}{%% set _sde_result = (%(expression)s) %%}{%% endif %%}{{ _sde_each(_sde_expression) }}"""


class Problem(NamedTuple):
    """Why an expression has no value."""

    message: str


class Engine:
    """Evaluates expressions with the variables of a play and more, which are data."""

    def __init__(self, templar: Templar, play: dict[str, Any], data: dict[str, Any], tick: Callable[[], None] = lambda: None) -> None:
        self._templar = templar
        self._variables = {**play, **{name: as_data(value) for name, value in data.items()}}
        self._tick = tick

    def evaluate(
        self, expression: str, name: str, values: Sequence[Any], take: Callable[[Any], Any] = lambda value: value
    ) -> list[Any]:
        """What the expression gives for each value, which it knows by this name, or the Problem with it.

        Results may be of ansible-core's own types, and last only as long as the template: 'take' makes something of them.
        """
        loop = _Loop(values, take, self._tick)
        variables = {**self._variables, "_sde_take": loop.take, "_sde_each": loop.run}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        template = trust_as_template(_TEMPLATE % {"name": name, "expression": expression})
        try:
            templar.template(template, escape_backslashes=False)
        except Exception as exc:  # of whatever filter or lookup the expression uses
            return [Problem(_message_of(exc))] * len(values)
        return loop.results

    def problem(self, expression: str, name: str) -> str | None:
        """What makes that the expression cannot even be compiled, such as a filter that does not exist."""
        variables = {"_sde_take": None, "_sde_each": lambda macro: ""}
        templar = self._templar.copy_with_new_env(available_variables=variables)
        try:
            templar.template(trust_as_template(_TEMPLATE % {"name": name, "expression": expression}), escape_backslashes=False)
        except Exception as exc:
            return _message_of(exc)
        return None


class _Loop:
    """The two functions that a template of this module calls."""

    def __init__(self, values: Sequence[Any], take: Callable[[Any], Any], tick: Callable[[], None]) -> None:
        self.results: list[Any] = []
        self._values = values
        self._take = take
        self._tick = tick
        self._taken: list[Any] = []

    @pass_context
    def run(self, context: Any, macro: Any) -> str:
        """Call the macro for each value. A problem with one of them is none of the others'."""
        # The environment of newer releases knows how to call a macro so that undefined values can be tested for.
        call = getattr(context.environment, "call", None)
        for value in self._values:
            self._tick()
            self._taken.clear()
            try:
                left = call(context, macro, value) if call else context.call(macro, value)
                if not self._taken:
                    str(left)  # an undefined value, which says so
            except Exception as exc:
                self.results.append(Problem(_message_of(exc)))
            else:
                self.results.append(self._taken[0] if self._taken else Problem("it has no value"))
        return ""

    def take(self, value: Any) -> str:
        """Keep what the expression gave for the present value."""
        if isinstance(value, Undefined):
            str(value)  # raises what says so
        self._taken.append(self._take(value))
        return ""


def _message_of(exc: Exception) -> str:
    """What went wrong, on one line. Newer releases wrap it up, older ones add the template."""
    cause = exc.__cause__ or getattr(exc, "orig_exc", None)
    if cause and (isinstance(exc, UndefinedError) or isinstance(cause, TemplateSyntaxError)):
        exc = cause
    message = " ".join(str(exc).split()) or type(exc).__name__
    return scrub_text(message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 3] + "...")
