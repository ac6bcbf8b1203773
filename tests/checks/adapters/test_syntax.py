"""What is read in the source of a function."""

from checks.adapters.syntax import names_returned, names_returned_in_all, parameters_with_keys


def two(a, b):
    if a:
        return a, None, (b, 1)
    c = b
    return a + 1, c, (b, a)


def by_two_names(a, b):
    if a:
        return a, b
    return b, a


def several(a):
    if a:
        return a, 1
    return a


def nested(a):
    def inner(b):
        return b, b, b, b

    inner(a)
    return a, [a]


def test_a_name_is_told_where_no_return_contradicts_it():
    assert names_returned(two) == ("a", "c", "")
    assert names_returned_in_all(two) == ("a", "c", "b", "a")


def test_nothing_is_told_where_there_is_no_tuple_or_no_source():
    assert names_returned(several) == ()
    assert names_returned(by_two_names) == ()
    assert names_returned(len) == ()
    assert names_returned(lambda a: a) == ()


def test_functions_within_are_another_matter():
    assert names_returned(nested) == ("a", "")


def keyed(params, rows, name, cache):
    return params["W"] + params[f"{name}_b"] + rows[0] + cache[name]


def test_what_words_are_looked_up_in_is_told():
    assert parameters_with_keys(keyed) == {"params"}
