"""A certificate authority that nobody trusts, and what it signs, made with openssl.

The keys exist for the length of a test session only.
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .process import need_program


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths of PEM files in one folder.

    ``certificate``/``key`` are good for localhost, 127.0.0.1 and 127.0.0.2 and signed by
    ``ca_file``; ``other_certificate`` is signed by it too, but names another host;
    ``stranger_ca_file`` has signed nothing.
    """

    ca_file: Path
    certificate: Path
    key: Path
    other_certificate: Path
    other_key: Path
    stranger_ca_file: Path

    @classmethod
    def make(cls, folder: Path) -> Certificates:
        """Makes all of them in ``folder``, in a fifth of a second. Raises ServerMissing."""
        need_program("openssl")
        folder.mkdir(parents=True, exist_ok=True)
        ca_file, ca_key = _authority(folder, "ca")
        stranger, _ = _authority(folder, "stranger")
        good = _signed(
            folder, "localhost", "DNS:localhost,IP:127.0.0.1,IP:127.0.0.2", ca_file, ca_key
        )
        other = _signed(folder, "other.example", "DNS:other.example", ca_file, ca_key)
        return cls(ca_file, *good, *other, stranger)

    def server_context(self, *, wrong_name: bool = False) -> ssl.SSLContext:
        """For a server of this process; ``wrong_name`` shows the certificate of another host."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if wrong_name:
            context.load_cert_chain(self.other_certificate, self.other_key)
        else:
            context.load_cert_chain(self.certificate, self.key)
        return context


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(
        [str(need_program("openssl")), *map(str, arguments)], check=True, capture_output=True
    )


_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _authority(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    _openssl(
        *("req", "-x509", *_EC, "-days", "2", "-subj", f"/CN=tui-mail test {name}"),
        *("-addext", "basicConstraints=critical,CA:TRUE"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", key, "-out", certificate),
    )
    return certificate, key


def _signed(folder: Path, name: str, names: str, ca: Path, ca_key: Path) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
    _openssl("req", "-new", *_EC, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial"),
        *("-days", "2", "-extfile", extensions, "-out", certificate),
    )
    return certificate, key
