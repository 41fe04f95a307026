"""Command line → settings → run. Every failure is one line on stderr and an exit status.

Nothing heavy is imported before it is needed: ``--version`` and ``--help`` load argparse alone,
and Textual is loaded only once the connections are under way.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tui_mail import __version__
from tui_mail.errors import ConfigError, MailError

if TYPE_CHECKING:
    from tui_mail.config import Config
    from tui_mail.mail.compose.mailto import MailtoFields
    from tui_mail.mail.service import MailService

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
# How long a thread may keep the interpreter from the one that draws, in seconds.
SWITCH_INTERVAL = 0.001

NO_CONFIGURATION = """\
tui-mail: there is no configuration yet. Write {path}, for example:

{example}
imaps:// is TLS, imap:// is STARTTLS; smtps:// and smtp:// likewise.
Or look around first, with sample mail and no account of yours: tui-mail --demo
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status: 0, 1 failed, 2 wrong use or configuration."""
    given = sys.argv[1:] if arguments is None else arguments
    others, mailto = _split_mailto(given)
    options = _parser().parse_args(others)
    try:
        if options.command == "send":
            return _send(options)
        if options.command == "password":
            return _password(options)
        if options.command == "account":
            return _account(options)
        if options.command == "import-muttrc":
            return _import_muttrc(options)
        return _run(options, mailto)
    except MailError as error:
        print(f"tui-mail: {_one_line(error)}", file=sys.stderr)
        return WRONG_USE if isinstance(error, ConfigError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from tui_mail import logs

        logs.uncaught(error, "the main thread")
        where = f"see {options.log}" if options.log else "start with --log FILE to see where"
        print(f"tui-mail: a fault in the program: {type(error).__name__}; {where}", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tui-mail",
        description="A mail client for the terminal that shows every IMAP line it speaks.",
    )
    parser.epilog = "tui-mail mailto:ADDRESS opens the program with a message to ADDRESS."
    parser.add_argument("--version", action="version", version=f"tui-mail {__version__}")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--config", type=Path, metavar="FILE", help="the configuration to read")
    source.add_argument(
        "--demo", action="store_true", help="open sample mail on a server inside the program"
    )
    parser.add_argument("--read-only", action="store_true", help="change nothing on any server")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="append what the program does to FILE"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    password = commands.add_parser(
        "password", help="keep the password of an account in the keyring, or remove it"
    )
    password.add_argument("account", metavar="ACCOUNT", help="its name in the configuration")
    password.add_argument("--delete", action="store_true", help="remove it")
    password.add_argument(
        "--smtp", action="store_true", help="of the server for sending, where it is another one"
    )
    account = commands.add_parser("account", help="add an account to the configuration")
    account.add_argument("change", choices=["add"], help="what to do")
    account.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="a certificate authority to trust for it"
    )
    muttrc = commands.add_parser(
        "import-muttrc", help="take accounts over from a mutt or neomutt configuration"
    )
    muttrc.add_argument("file", nargs="?", type=Path, metavar="FILE", help="such as ~/.muttrc")
    _add_send(commands.add_parser("send", help="send one message; its text is standard input"))
    return parser


def _add_send(send: argparse.ArgumentParser) -> None:
    send.description = "Exit status: 0 sent, 1 refused, 75 not sent but worth trying again."
    send.add_argument("-s", "--subject", default="", metavar="SUBJECT")
    several = (
        ("-a", "--attach", "FILE", "a file to send with it; may be given again"),
        ("-c", "--cc", "ADDRESS", "may be given again"),
        ("-b", "--bcc", "ADDRESS", "may be given again"),
    )
    for short, long, metavar, text in several:
        send.add_argument(short, long, action="append", default=[], metavar=metavar, help=text)
    send.add_argument(
        "--from", dest="identity", metavar="IDENTITY", help="an address or a name of an account"
    )
    send.add_argument("--account", metavar="NAME", help="its name in the configuration")
    send.add_argument(
        "--queue", action="store_true", help="leave it in the outbox; tui-mail sends it later"
    )
    send.add_argument("to", nargs="*", metavar="ADDRESS")


def _split_mailto(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without a ``mailto:`` URI before any command, and that URI.

    argparse takes the first plain word for the name of a command.
    """
    for number, each in enumerate(arguments):
        if each.lower().startswith("mailto:"):
            return [*arguments[:number], *arguments[number + 1 :]], each
        if each == "send":
            break
    return list(arguments), None


def _send(options: argparse.Namespace) -> int:
    from tui_mail import logs
    from tui_mail.cli_send import send

    logs.start(options.log)
    with ExitStack() as stack:
        settings = _settings(options, stack, interactive=False)
        if settings is None:
            return WRONG_USE
        return send(settings, options, read_only=options.read_only)


def _password(options: argparse.Namespace) -> int:
    from tui_mail import config, logs
    from tui_mail.cli_password import change_password

    logs.start(options.log)
    settings = config.load(options.config)
    told = change_password(settings, options.account, delete=options.delete, smtp=options.smtp)
    print(told)
    return 0


def _account(options: argparse.Namespace) -> int:
    from tui_mail import logs
    from tui_mail.cli_account import add_account

    logs.start(options.log)
    settings = add_account(options.config, options.ca_file)
    if settings is None:
        return FAILED
    return _show(settings, read_only=options.read_only)


def _import_muttrc(options: argparse.Namespace) -> int:
    from tui_mail import logs
    from tui_mail.cli_muttrc import import_muttrc

    logs.start(options.log)
    taken, lines = import_muttrc(options.file, options.config)
    print("\n".join(lines))
    return 0 if taken else FAILED


def _run(options: argparse.Namespace, mailto: str | None) -> int:
    from tui_mail import logs

    logs.start(options.log)
    with ExitStack() as stack:
        settings = _settings(options, stack)
        if settings is None:
            return WRONG_USE
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfigError(
                "expected terminals: standard error to draw on, standard input for keys"
            )
        asked_for = None
        if mailto is not None:
            from tui_mail.mail.compose.mailto import parse

            asked_for = parse(mailto)
        return _show(settings, read_only=options.read_only, asked_for=asked_for)


def _settings(
    options: argparse.Namespace, stack: ExitStack, *, interactive: bool = True
) -> Config | None:
    if options.demo:
        from tui_mail.demo.thread import demo_in_thread

        return stack.enter_context(demo_in_thread())
    from tui_mail import config

    try:
        return config.load(options.config)
    except (config.ConfigMissing, config.AccountsMissing) as problem:
        if options.config is not None:
            raise
        if interactive and sys.stdin.isatty() and sys.stderr.isatty():
            from tui_mail.cli_account import add_account

            return add_account(None, None)
        if isinstance(problem, config.AccountsMissing):
            raise
        example = "".join(f"    {line}\n" for line in config.EXAMPLE.splitlines())
        text = NO_CONFIGURATION.format(path=config.config_path(), example=example)
        print(text, end="", file=sys.stderr)
        return None


def _show(settings: Config, *, read_only: bool, asked_for: MailtoFields | None = None) -> int:
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.disable()  # all that is made while starting stays; the screen enables it once it stands
    from concurrent.futures import ThreadPoolExecutor

    from tui_mail.ui.terminal import prepare

    # Textual reads the environment while it is imported, and no other thread may read it now.
    terminal = prepare(os.environ)
    with ThreadPoolExecutor(1) as starter:
        starting = starter.submit(_started_service, settings, read_only=read_only)
        # Meanwhile: this takes as long as connecting to a near server.
        from tui_mail.ui.app import TuiMail

        service = starting.result()
    try:
        app = TuiMail(service, settings, terminal, asked_for=asked_for)
        result = app.run(mouse=settings.ui.mouse and terminal.mouse_works)
        if app.crash is not None:
            raise app.crash
        return result or app.return_code or 0
    finally:
        service.stop()


def _started_service(settings: Config, *, read_only: bool) -> MailService:
    from tui_mail.mail.service import MailService

    service = MailService(settings, read_only=read_only)
    service.start()
    return service


def _one_line(error: MailError) -> str:
    from tui_mail.sanitize import clean

    return clean(": ".join(part for part in (error.title, error.server_line) if part))


if __name__ == "__main__":
    sys.exit(main())
