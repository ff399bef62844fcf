"""The text is searched across lines, twice: it is needed whole."""
# expect: no finding chunked-read

import re
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "lines.txt"
    path.write_text("0123456789\n" * 3_000_000)
    text = path.read_text()
    print(len(re.findall("9\n0", text)), text.count("5"))
