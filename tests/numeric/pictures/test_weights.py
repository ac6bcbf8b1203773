import pytest

from numeric.pictures.weights import weights_page


@pytest.mark.parametrize(("name", "units"), [("nielsen-quadratic", 30), ("cnn", 16), ("cnn-vote", 16), ("mlp", 128)])
def test_every_unit_is_a_picture(read_html, model_of, name, units):
    page = read_html(weights_page(model_of(name)))
    assert len(list(page.all("img"))) == units
    assert page.one("h1").text == f"What the first layer of {name} looks for"
    assert ("each kernel" in page.one("figcaption").text) == name.startswith("cnn")


def test_the_same_model_gives_the_same_sheet_and_another_another(model_of):
    assert weights_page(model_of("mlp")) == weights_page(model_of("mlp"))
    assert weights_page(model_of("mlp")) != weights_page(model_of("mlp", seed=1))
