"""Bytes to values and back: IMAP as a sans-IO core. No socket, no asyncio, no SQLite, no Textual.

``imap``           one connection's state; what the pump talks to
``commands``       what may be sent            ``sending``      when its bytes may go out
``framing``        bytes to whole responses    ``parser``       a whole response to a value
``responses``      the values
``sequence_set``, ``mailbox_name``             two notations of the protocol
``transcript``     what crossed the wire, for a person to read
"""
