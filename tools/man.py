"""Writes the manual pages of a built proa: tools/man.py PROA FOLDER VERSION.

proa.1 and proa-VERB.1 come from what `--help` says, proa.toml.5 from `proa serve --print-config`,
so that they say what the program takes.
"""
import os
import re
import subprocess
import sys

COLUMN = 30  # where descriptions begin in the help
HEAD = re.compile(r"^(\w[\w ]*):$")
SETTING = re.compile(r"^#?([a-z0-9-]+) = (.*)$")


def escape(text: str) -> str:
    """Text as roff takes it: no line of it is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def rows_of(lines: list[str]) -> list[tuple[str, str]]:
    """An option or verb and what it means, of a table in the help."""
    rows: list[tuple[str, str]] = []
    for line in lines:
        if line.startswith(" " * COLUMN):
            term, says = rows[-1]
            rows[-1] = (term, f"{says} {line.strip()}".strip())
            continue
        found = re.match(r"^  (.+?)(?:  +(.*))?$", line)
        if found and len(line) > COLUMN and line[COLUMN - 1] == " ":
            rows.append((line[2:COLUMN].strip(), line[COLUMN:].strip()))
        elif found:
            rows.append((found[1].strip(), (found[2] or "").strip()))
    return rows


def sections_of(help_text: str) -> tuple[str, str, list[tuple[str, list[str]]]]:
    """What the first line says, the usage, and the sections: a head and its lines."""
    lines = help_text.rstrip().split("\n")
    usage = next(line for line in lines if line.startswith("Usage: "))[len("Usage: "):]
    sections: list[tuple[str, list[str]]] = []
    for line in lines[lines.index("Usage: " + usage) + 1:]:
        if head := HEAD.match(line):
            sections.append((head[1], []))
        elif line.strip() and sections:
            sections[-1][1].append(line)
    return lines[0], usage, sections


def body_of(sections: list[tuple[str, list[str]]], kind: str) -> list[str]:
    """The sections as roff, under requests `kind` (.SH, or .SS below a verb of verbs)."""
    out = []
    for head, lines in sections:
        out.append(f"{kind} {head.upper() if kind == '.SH' else head}")
        if head in ("Examples", "Environment"):
            out += [".EX", *(escape(line) for line in lines), ".EE"]
            continue
        for term, says in rows_of(lines):
            out += [".TP", f".B {escape(term)}", escape(says)]
    return out


def page(name: str, section: int, says: str, version: str, body: list[str]) -> str:
    title = f'.TH {name.upper()} {section} "" "proa {version}" "Proa"'
    return "\n".join([title, ".SH NAME", f"{escape(name)} \\- {escape(says)}", *body]) + "\n"


def ask(proa: str, *words: str) -> str:
    return subprocess.run([proa, *words], check=True, capture_output=True, text=True).stdout


def verbs_of(sections: list[tuple[str, list[str]]]) -> list[str]:
    named = [rows_of(lines) for head, lines in sections
             if head not in ("Options", "Positionals", "Examples", "Environment")]
    return [term.split(",")[0] for rows in named for term, _ in rows]


def verb_page(proa: str, words: list[str], version: str) -> str:
    """The page of a verb, with those below it (`key create`)."""
    says, usage, sections = sections_of(ask(proa, *words, "--help"))
    body = [".SH SYNOPSIS", f".B {escape(usage)}"]
    below = verbs_of(sections)
    if words and below:
        sections = [each for each in sections if each[0] in ("Options", "Environment")]
    body += body_of(sections, ".SH")
    for verb in below if words else []:
        inner_says, inner_usage, inner = sections_of(ask(proa, *words, verb, "--help"))
        body += [f".SH {' '.join([*words, verb]).upper()}", escape(inner_says), ".PP",
                 f".B {escape(inner_usage)}"]
        body += body_of([each for each in inner if each[0] != "Environment"], ".SS")
    if words:
        body += [".SH SEE ALSO", ".BR proa (1), proa.toml (5)"]
    else:
        pages = ", ".join(f"proa\\-{escape(verb)} (1)" for verb in below)
        body += [".SH SEE ALSO", ".ad l", f".BR {pages}, proa.toml (5)"]
    return page("-".join(["proa", *words]), 1, says, version, body)


def settings_page(text: str, version: str) -> str:
    blocks = text.strip().split("\n\n")
    lead = " ".join(line[2:] for line in blocks[0].split("\n"))
    body = [".SH SYNOPSIS", ".I /etc/proa/proa.toml", ".SH DESCRIPTION", escape(lead),
            ".SH SETTINGS"]
    for block in blocks[1:]:
        *comments, setting = block.split("\n")
        found = SETTING.match(setting)
        if not found:
            raise ValueError(f"no setting: {setting}")
        says = " ".join(line[2:] for line in comments)
        body += [".TP", f".BR {escape(found[1])} \" = \" {escape(found[2])}", escape(says)]
    body += [".SH SEE ALSO", ".BR proa\\-serve (1)"]
    return page("proa.toml", 5, "settings of the Proa daemon", version, body)


def main(arguments: list[str]) -> None:
    proa, folder, version = arguments
    os.makedirs(folder, exist_ok=True)
    pages = {"proa.1": verb_page(proa, [], version),
             "proa.toml.5": settings_page(ask(proa, "serve", "--config", "/dev/null",
                                              "--print-config"), version)}
    for verb in verbs_of(sections_of(ask(proa, "--help"))[2]):
        pages[f"proa-{verb}.1"] = verb_page(proa, [verb], version)
    for name, text in pages.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
