"""The screen: Textual and nothing below it. Asks ``mail.service``, never a server.

``app``          wiring: service, keys, theme, screens
``screens/``     the main screen and the dialogs
``widgets/``     what stands on them
``controllers/`` between a widget and the mail service
``actions``      the registry of what a person may ask for
``keymap``       which key asks for what
``theme``        colors
``terminal``     what the terminal is, and what it is told
``display``      what is written to it
"""
