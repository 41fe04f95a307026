"""Dovecot's side of every way to log in: what goes into its configuration, and access tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Collection
from pathlib import Path

PASSWORD_MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5")
TOKEN_MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
MECHANISMS = PASSWORD_MECHANISMS + TOKEN_MECHANISMS

_KEY = b"the key that signs the access tokens of these tests"


def offering(mechanisms: Collection[str], folder: Path) -> str:
    """Lines for Dovecot's configuration; what they refer to is written below ``folder``."""
    keys = folder / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(_KEY))
    tokens = folder / "tokens.conf"
    tokens.write_text(
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
        "username_attribute = sub\n"
    )
    return (
        f"auth_mechanisms = {' '.join(mechanisms).lower()}\n"
        "passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n"
        f"  args = {tokens}\n}}\n"
        # A mistake would make every login wait that comes after it.
        "service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n"
    )


def access_token(user: str, key: bytes = _KEY) -> str:
    """An access token for the user (a JWT, RFC 7519); another ``key`` makes a wrong one."""
    parts: tuple[dict[str, str | int], ...] = (
        {"alg": "HS256", "typ": "JWT"},
        {"sub": user, "iat": 1, "exp": 4_000_000_000},
    )
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in parts)
    signature = _base64url(hmac.digest(key, signed, hashlib.sha256))
    return b".".join((signed, signature)).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
