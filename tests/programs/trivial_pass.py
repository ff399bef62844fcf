"""The smallest program: the heap is what Python itself needs to run a script, below 2 MB, and the report still works."""
# expect: peak_heap_bytes ~ 0 .. 2_000_000
# expect: leaked_bytes ~ 0 .. 2_000_000
# expect: stdout ""

pass
