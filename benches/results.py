"""The blocks of RESULTS.md that programs write; all other text there is written by hand and stays."""

from pathlib import Path


def replace_block(file: Path, writer: str, block: str) -> None:
    """Puts the text between the two marker lines that belong to `writer`."""
    begin, end = f"<!-- written by {writer} -->", f"<!-- end of {writer} -->"
    text = file.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{file} must have one line {begin} and one line {end}")
    before, after = text.partition(begin)[0], text.partition(end)[2]
    file.write_text(f"{before}{begin}\n\n{block}\n\n{end}{after}")
