"""The Python runtime of Proa: link, loading of the function, logs, answers, and the call loop."""
