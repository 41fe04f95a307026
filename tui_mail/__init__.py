"""tui-mail: a full-screen mail client that hides nothing of the protocol.

The rooms, from the screen down; imports go only downwards:

``ui``           Textual: screens, widgets, keys, themes
``demo``         an embedded IMAP and SMTP server with sample mail
``mail``         accounts, mailboxes, messages, the store; knows no Textual
``net``          the only sockets
``wire``         bytes to values and back; no socket, no asyncio, no database
``credentials``  where a password comes from
``config``       the TOML file as frozen settings
``model``        frozen values under their RFC names
``errors``       what can go wrong, in words for a person
``sanitize``     the one gate for text that came from outside

``__main__`` reads the command line and starts the rest.
"""

__version__ = "0.1.0"
