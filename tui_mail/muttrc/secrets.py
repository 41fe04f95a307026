"""Where a password of a muttrc comes from: its own text, or a command that prints it.

Runs nothing: a command becomes ``password_command``, through a shell only where mutt's own shell
did something with it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from tui_mail.muttrc.reader import Settings
from tui_mail.muttrc.words import Unknown

_SHELL = re.compile(r"[|&;<>()$`\\*?\[\]#!{}\n]|\A[A-Za-z_]\w*=")
_MY_VARIABLE = re.compile(r"\$(?:\{(my_\w+)\}|(my_\w+))")
_PRINTS_SECRETS = re.compile(
    r"\b(?:gpg2?|pass|gopass|secret-tool|keyring|security|openssl|age|rage|sops|vault|bw|op|rbw|"
    r"decrypt|ansible-vault)\b"
)
# What ``set NAME = value`` says, without its quotes, from the first such line.
_VALUE_OF = (
    r"s/^[[:space:]]*set[[:space:]]\{1,\}NAME[[:space:]]*=[[:space:]]*//",
    "t found",
    "d",
    ":found",
    r"s/^'\([^']*\)'.*$/\1/",
    "t print",
    r's/^"\(.*\)"[[:space:]]*$/\1/',
    r"s/\\\(.\)/\1/g",
    ":print",
    "p",
    "q",
)


@dataclass(frozen=True, slots=True)
class Secret:
    """``text`` is the password itself, ``command`` a password_command; at most one is not "".

    ``problem`` says why there is neither, though something was written. ``piped``: the command
    reads what mutt would have sourced.
    """

    text: str = field(default="", repr=False)
    command: str = ""
    problem: str = ""
    piped: bool = False


def secret(settings: Settings, name: str, written: str) -> Secret:
    """What ``written``, the value of the variable ``name`` or "" for none, gives for a password."""
    marks = settings.marks
    if not marks.found(written):
        if written:
            return Secret(text=written)
        return _from_pipes(settings, name, sure=False)
    unknown = marks.alone(written)
    if unknown is None:
        return Secret(problem="the password is put together from several things")
    if unknown.variable:
        return _from_pipes(settings, unknown.variable, sure=True)
    return _command(settings, unknown)


def as_words(command: str) -> str:
    """``command``, written for a shell, as one that is run without; "" if its quotes are wrong."""
    command = command.strip()
    if _SHELL.search(command):
        return f"sh -c {shlex.quote(command)}"
    try:
        return command if shlex.split(command) else ""
    except ValueError:
        return ""


def _command(settings: Settings, unknown: Unknown) -> Secret:
    # mutt puts its own variables in; all others are the shell's.
    def value(match: re.Match[str]) -> str:
        return settings.get(match[1] or match[2])

    filled = _MY_VARIABLE.sub(value, unknown.command)
    command = "" if settings.marks.found(filled) else as_words(filled)
    if not command:
        return Secret(problem="the command that prints the password cannot be taken over")
    return Secret(command=command)


def _from_pipes(settings: Settings, variable: str, *, sure: bool) -> Secret:
    """The password is in what a sourced command prints: as ``set VARIABLE = …``."""
    commands = [command for command, _ in settings.pipes if sure or _PRINTS_SECRETS.search(command)]
    if not commands or not variable.isidentifier():
        problem = "the password is in a variable that is set nowhere" if sure else ""
        return Secret(problem=problem)
    output = commands[0] if len(commands) == 1 else f"{{ {'; '.join(commands)}; }}"
    program = " ".join(f"-e {shlex.quote(line.replace('NAME', variable))}" for line in _VALUE_OF)
    script = shlex.quote(f"{output} | sed -n {program}")
    return Secret(command=f"sh -c {script}", piped=True)
