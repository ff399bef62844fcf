"""Code that was compiled at run time under file names of its own, some of which no file can have.

10 MB on line 3 of "<generated loader>", 20 MB on line 2 of a path that does not exist, 30 MB on line 70,001 of a long source, 15 MB
in an eval, 25 MB under a name outside ASCII. The lines that exec have all of it in their totals.
"""
# let: MB = 1_000_000
# expect: peak_heap_bytes ~ 100 * MB
# expect: line "<generated loader>":3 self ~ 10 * MB
# expect: line "/nonexistent/plugin.py":2 self ~ 20 * MB
# expect: line "<long>":70_001 self ~ 30 * MB
# expect: line "<formula>":1 self ~ 15 * MB
# expect: line "<größe 漢字>":2 self ~ 25 * MB
# expect: line "<größe 漢字>":2 in größe
# expect: line EXEC self < 1%
# expect: line EXEC total ~ 85 * MB
# expect: line EVAL total ~ 15 * MB

SOURCES = {
    "<generated loader>": "\n\nloaded = bytearray(10_000_000)\n",
    "/nonexistent/plugin.py": "# a plugin\nplugin = bytearray(20_000_000)\n",
    "<long>": "\n" * 70_000 + "far = bytearray(30_000_000)\n",
    "<größe 漢字>": "def größe():\n    return bytearray(25_000_000)\nwide = größe()\n",
}
names: dict[str, object] = {}
for file, source in SOURCES.items():
    exec(compile(source, file, "exec"), names)  # <EXEC>
kept = eval(compile("bytearray(15_000_000)", "<formula>", "eval"))  # <EVAL>
