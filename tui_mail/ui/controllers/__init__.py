"""Between a widget and the mail service: what a widget lacks is asked for, what comes is handed
to it. A controller draws nothing and decides nothing about keys."""
