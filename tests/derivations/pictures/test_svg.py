from derivations.pictures.svg import svg, text


def test_text_is_escaped_and_what_xml_cannot_hold_is_replaced(read_svg):
    drawing = read_svg(svg("a<b", "c&d", 10, 10, [text('<x y="&">\x01\ud800', 0, 0, 12)]))
    assert drawing.all("title")[0].text == "a<b"
    assert drawing.all("desc")[0].text == "c&d"
    assert drawing.lines == ['<x y="&">\ufffd\ufffd']
