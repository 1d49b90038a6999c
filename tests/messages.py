"""The form of error messages."""


def assert_one_sentence(error: BaseException) -> None:
    """Checks that the message of an error is a single line of moderate length."""
    text = error.args[0]
    assert '\n' not in text
    assert len(text) < 330
