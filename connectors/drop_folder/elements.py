"""Small reading aids on XML elements, blind to namespace and case."""

from __future__ import annotations

from lxml import etree

from connectors.drop_folder.xaf_rows import Row


def local_name(tag: str | bytes | bytearray | etree.QName) -> str:
    return str(tag).rpartition("}")[2].lower()


def texts(element: etree._Element, until: str | None = None) -> Row:
    """The texts of the children by local name, the first of a name; of a child with children those of its own.

    Reads no further than the first child called ``until``.
    """
    found: Row = {}
    for child in element:
        name = _NAMES.get(child.tag)
        if name is None:
            name = _NAMES[child.tag] = local_name(child.tag)
        if name == until:
            break
        if len(child):
            for inner in child:
                found.setdefault(local_name(inner.tag), text_of(inner))
        else:
            found.setdefault(name, text_of(child))
    return found


_NAMES: dict[object, str] = {}


def text_of(element: etree._Element) -> str | None:
    text = element.text
    return (text.strip() or None) if text else None


def parent_name(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else local_name(parent.tag)


def forget(element: etree._Element) -> None:
    """Frees an element, and the one before it of the same kind, which nobody looks at any more."""
    element.clear()
    before, parent = element.getprevious(), element.getparent()
    if before is not None and parent is not None and before.tag == element.tag:
        parent.remove(before)
