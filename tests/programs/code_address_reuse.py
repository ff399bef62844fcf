"""Three hundred code objects, compiled, run and thrown away one after the other, so that their addresses are used again.

Unit i holds 20,000 + 200 * i bytes, on line 1 + i % 7 of a file name of its own. Who remembers a code object by its address
mixes the units up. The sum is 300 * 20,000 + 200 * (299 * 300 / 2) = 14,970,000 bytes and 57 bytes for each block.
The first compile() of a process makes the types of the syntax tree, up to 300 kB; that is done on a line of its own.
"""
# let: BLOCKS = 300 * bytearray_of(20_000) + 8_970_000
# expect: peak_heap_bytes ~ BLOCKS .. BLOCKS + 500_000
# expect: line "<unit {i}>":1+i%7 self ~ bytearray_of(20_000+200*i) within exact 300, sampled 3_000 for i in 0..299
# expect: line FIRST self ~ 0 .. 300_000
# expect: line RUN self < 1%
# expect: line RUN total ~ BLOCKS

compile("0", "<first>", "eval")  # <FIRST>
blocks: dict[str, object] = {}
for unit in range(300):
    source = "\n" * (unit % 7) + f"block = bytearray({20_000 + 200 * unit})"
    names: dict[str, object] = {}
    exec(compile(source, f"<unit {unit}>", "exec"), names)  # <RUN>
    blocks[f"unit {unit}"] = names.pop("block")
    del source, names
