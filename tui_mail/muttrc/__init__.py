"""A mutt or neomutt configuration as accounts of this program: ``tui-mail import-muttrc``.

    words.py     lines and words, as mutt quotes, joins and expands them
    reader.py    set, source, alias, hooks …: what the files say in the end
    places.py    mailboxes and servers as mutt names them
    secrets.py   where a password comes from: the text itself, or a command that prints it
    accounts.py  accounts, folders and settings out of all that
    report.py    what was taken over and what has no counterpart, for a person

Reads files and runs nothing: a command in backticks, or at the end of a pipe, is kept as text.
"""
