"""Envoy's header of client certificates, read as Envoy writes it."""

import pytest

from gateline.authn.certificate.subject import Subject
from gateline.authn.certificate.xfcc import Element, read_xfcc


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("By=b", [Element(Subject())]),
        ("By=", [Element(Subject())]),
        ("Hash=AB", [Element(Subject(fingerprint="ab"))]),
        ("HASH=a;hash=b", [Element(Subject(fingerprint="b"))]),
        ("URI=u;uri=v;URI=;DNS=d;dns=;DNS=e", [Element(Subject(uris=("u", "v"), dns=("d", "e")))]),
        (" URI = u", None),
        ("\t URI= u \t;\tDNS=d ", [Element(Subject(uris=("u",), dns=("d",)))]),
        ('Subject=""', [Element(Subject())]),
        ('Subject="CN=a"', [Element(Subject(common_name="a", name="CN=a"))]),
        ('Subject="O=x,CN=a;b"', [Element(Subject(common_name="a;b", name="O=x,CN=a;b"))]),
        ('Subject="O=x"', [Element(Subject(name="O=x"))]),
        ('Subject="OCN=x"', [Element(Subject(name="OCN=x"))]),
        (r'Subject="CN=a\\,b,O=\"x\""', [Element(Subject(common_name="a,b", name=r'CN=a\,b,O="x"'))]),
        ('Cert="%2Da%2B"', [Element(Subject(), "-a+")]),
        ('Cert="c";Chain="d"', [Element(Subject(), "d")]),
        ('Chain="";Cert="c"', [Element(Subject(), "c")]),
        ("URI=u,URI=v", [Element(Subject(uris=("u",))), Element(Subject(uris=("v",)))]),
        ("URI=u;", [Element(Subject(uris=("u",)))]),
        ("URI=u,", None),
        (",URI=u", None),
        ("URI=u;;DNS=d", None),
        ("", None),
    ],
)
def test_a_text_is_read_to_the_letter(text, elements):
    """One element a hop; URI and DNS may come several times, and of the others the last counts."""
    assert read_xfcc(text) == elements


def test_a_text_is_read_up_to_its_limit():
    """Of 65536 characters, and of one more not."""
    assert read_xfcc("By=" + "x" * 65_533) == [Element(Subject())]
    assert read_xfcc("By=" + "x" * 65_534) is None
