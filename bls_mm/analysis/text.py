"""Text from data sets, file names and errors, made safe for files."""

MAX_ERROR = 200  # characters


def encodable(text: object) -> str:
    """Returns a text that every file format accepts.

    A question mark replaces NUL characters and lone surrogates, which file names and labels that
    are not valid UTF-8 contain.
    """
    return str(text).replace('\0', '?').encode('utf-8', 'replace').decode('utf-8')


def describe_error(error: Exception) -> str:
    """Returns type and message of an error as one short line."""
    message = ' '.join(encodable(error).split())
    return f'{type(error).__name__}: {message}'[:MAX_ERROR]
