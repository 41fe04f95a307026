"""Which part is shown, which are attachments, and their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_mail.mail.parts import attachments, choose_text, file_name, has_attachment, part_name
from tui_mail.model import BodyPart, Envelope


def leaf(section: str, content_type: str, **fields: object) -> BodyPart:
    kind, subtype = content_type.split("/")
    return BodyPart(section, kind, subtype, **fields)  # type: ignore[arg-type]


def multipart(section: str, subtype: str, *children: BodyPart, **fields: object) -> BodyPart:
    return BodyPart(section, "multipart", subtype, children=children, **fields)  # type: ignore[arg-type]


PLAIN = leaf("1", "text/plain", size=500)
HTML = leaf("2", "text/html", size=5000)
PDF = leaf("2", "application/pdf", disposition="attachment")
LOGO = leaf("3", "image/png", id="<logo@x>", disposition="inline")
ALTERNATIVE = multipart(
    "1", "alternative", leaf("1.1", "text/plain", size=500), leaf("1.2", "text/html")
)


def sections(parts: tuple[BodyPart, ...]) -> list[str]:
    return [part.section for part in parts]


def test_a_single_part() -> None:
    choice = choose_text(PLAIN)
    assert choice.part is PLAIN
    assert choice.alternatives == (PLAIN,)
    assert not has_attachment(PLAIN)


def test_alternatives_prefer_plain_unless_asked() -> None:
    message = multipart("", "alternative", PLAIN, HTML)
    assert choose_text(message).part is PLAIN
    assert choose_text(message, prefer_html=True).part is HTML
    assert set(choose_text(message).alternatives) == {PLAIN, HTML}
    assert not has_attachment(message)


def test_a_stub_beside_html_is_not_the_text() -> None:
    stub = leaf("1", "text/plain", size=60)
    message = multipart("", "alternative", stub, HTML)
    assert choose_text(message).part is HTML
    small = multipart("", "alternative", stub, leaf("2", "text/html", size=300))
    assert choose_text(small).part is stub


def test_mixed_with_attachment() -> None:
    message = multipart("", "mixed", ALTERNATIVE, PDF)
    choice = choose_text(message)
    assert choice.part is not None
    assert choice.part.section == "1.1"
    assert sections(choice.alternatives) == ["1.1", "1.2"]
    assert sections(attachments(message)) == ["2"]
    assert has_attachment(message)


def test_a_list_footer_follows_and_is_no_attachment() -> None:
    message = multipart("", "mixed", PLAIN, leaf("2", "text/plain", disposition="inline"))
    assert sections(choose_text(message).further) == ["2"]
    assert not has_attachment(message)


def test_an_invitation_is_shown_below_the_text_it_came_with() -> None:
    calendar = leaf("3", "text/calendar")
    choice = choose_text(multipart("", "alternative", PLAIN, HTML, calendar))
    assert choice.part is PLAIN
    assert sections(choice.further) == ["3"]
    alone = choose_text(multipart("", "alternative", calendar))
    assert (alone.part, alone.further) == (calendar, ())


def test_embedded_pictures_are_no_attachments() -> None:
    message = multipart("", "related", HTML, LOGO)
    assert choose_text(message).part is HTML
    assert not has_attachment(message)
    saved = leaf("3", "image/png", id="<logo@x>", disposition="attachment")
    assert has_attachment(multipart("", "related", HTML, saved))


def test_related_starts_where_it_says() -> None:
    root = leaf("2", "text/html", id="<root@x>")
    message = multipart("", "related", LOGO, root, parameters=(("start", "<root@x>"),))
    assert choose_text(message).part is root
    assert not has_attachment(message)


def test_text_sent_as_attachment() -> None:
    attached = leaf("2", "text/plain", disposition="attachment")
    assert sections(attachments(multipart("", "mixed", PLAIN, attached))) == ["2"]
    alone = leaf("1", "text/plain", disposition="attachment")
    assert choose_text(alone).part is alone
    assert not has_attachment(alone)


def test_signatures_are_no_attachments() -> None:
    signature = leaf("2", "application/pgp-signature")
    message = multipart("", "signed", PLAIN, signature)
    assert choose_text(message).part is PLAIN
    assert not has_attachment(message)


def test_a_forwarded_message_is_one_attachment() -> None:
    inner = BodyPart("2", "message", "rfc822", children=(leaf("2.1", "text/plain"),))
    message = multipart("", "mixed", PLAIN, inner)
    assert sections(attachments(message)) == ["2"]
    assert choose_text(message).further == ()
    assert sections(choose_text(inner).alternatives) == ["2.1"]


def test_a_message_without_text() -> None:
    assert choose_text(PDF).part is None
    assert has_attachment(PDF)
    assert choose_text(multipart("", "mixed")).part is None


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ((("filename", "report.pdf"),), "report.pdf"),
        ((("filename*", "utf-8''Gr%C3%BC%C3%9Fe.txt"),), "Grüße.txt"),
        ((("filename*", "iso-8859-1'en'%A3%20rates"),), "£ rates"),
        ((("filename*0", "long "), ("filename*1", "name.pdf")), "long name.pdf"),
        ((("filename*1*", "%BC.txt"), ("filename*0*", "utf-8''Gr%C3")), "Grü.txt"),
        ((("filename*0*", "utf-8''a%20"), ("filename*1", "b%20c")), "a b%20c"),
        ((("filename*0", "a"), ("filename*2", "c")), "a"),
        ((("filename", "=?utf-8?q?Gr=C3=BC=C3=9Fe.txt?="),), "Grüße.txt"),
        ((("filename", "=?utf-8?b?R3LDvMOfZQ==?= =?utf-8?b?LnR4dA==?="),), "Grüße.txt"),
        ((("filename*0", "=?utf-8?b?R3LDvM"), ("filename*1", "OfZQ==?=")), "Grüße"),
        ((("filename", "Größe.txt"),), "Größe.txt"),
        ((("filename", "日本.txt"),), "日本.txt"),
        ((("filename", "plain"), ("filename*", "utf-8''extended")), "extended"),
        ((("filename*", "no-quotes%20here"),), "no-quotes here"),
        ((("filename", "a\x1b[31m\r\nb"),), "a\ufffd[31m b"),
        ((), ""),
    ],
)
def test_names(parameters: tuple[tuple[str, str], ...], expected: str) -> None:
    part = leaf("1", "application/pdf", disposition="attachment", disposition_parameters=parameters)
    assert part_name(part) == expected


def test_the_name_of_the_type_will_do() -> None:
    part = leaf("1", "image/png", parameters=(("name", "=?utf-8?q?f=C3=BCr.png?="),))
    assert part_name(part) == "für.png"


def test_file_names() -> None:
    assert file_name(leaf("1.2", "image/jpeg")) == "part-1-2.jpg"
    assert file_name(leaf("1", "application/x-odd")) == "part-1.bin"
    envelope = Envelope(None, b"A/B test", (), (), (), (), (), (), None, None)
    assert file_name(leaf("2", "message/rfc822", envelope=envelope)) == "A_B test.eml"


TYPES = st.sampled_from(["text/plain", "text/html", "image/png", "message/delivery-status"])
TREES = st.recursive(
    TYPES.map(lambda content_type: leaf("1", content_type)),
    lambda children: st.builds(
        lambda subtype, parts: multipart("", subtype, *parts),
        st.sampled_from(["mixed", "alternative", "related", "signed", "report", "x-odd"]),
        st.lists(children, max_size=4),
    ),
    max_leaves=12,
)


@given(TREES)
def test_every_structure_has_an_answer(structure: BodyPart) -> None:
    choice = choose_text(structure)
    assert (choice.part is None) == (choice.alternatives == ())
    shown = {id(part) for part in choice.alternatives}
    assert not shown & {id(part) for part in attachments(structure)}


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=30)), max_size=6))
def test_no_parameters_are_too_odd_for_a_name(parameters: list[tuple[str, str]]) -> None:
    odd = tuple((f"filename{name}", value) for name, value in parameters)
    assert "\n" not in part_name(leaf("1", "text/plain", disposition_parameters=odd))
