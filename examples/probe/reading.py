"""Reading facts whose absence is a fact as well."""
import errno


def attempt(function, *arguments):
    """What `function` returns, or {"error": name} for what it raises."""
    try:
        return function(*arguments)
    except OSError as error:
        return {"error": errno.errorcode.get(error.errno, str(error))}
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


def text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().strip("\n\0")


def lines(path):
    return [line.strip() for line in text(path).splitlines()]


def pairs(path):
    """A file of `name: value` lines."""
    split = (line.partition(":") for line in lines(path))
    return {name: value.strip() for name, _, value in split}
