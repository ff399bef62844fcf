"""Every function of the malloc family, called through pointers that dlsym hands out (ctypes), from two handles.

Each line holds an amount of its own; 10 + 11 + 12 + 13.1072 + 14 + 15 + 16.384 + 17 MB = 108,491,200 bytes are live at the end.
pvalloc and aligned_alloc get multiples of their 4,096 bytes. Importing ctypes takes up to 2 MB. All is freed.
"""
# expect: peak_heap_bytes ~ 108_491_200 .. 110_491_200
# expect: line MALLOC self ~ 10_000_000
# expect: line CALLOC self ~ 11_000_000
# expect: line POSIX_MEMALIGN self ~ 12_000_000
# expect: line ALIGNED_ALLOC self ~ 13_107_200
# expect: line MEMALIGN self ~ 14_000_000
# expect: line VALLOC self ~ 15_000_000
# expect: line PVALLOC self ~ 16_384_000
# expect: line REALLOCARRAY self ~ 17_000_000
# expect: line MALLOC leaked ~ 0
# expect: line CALLOC leaked ~ 0
# expect: line POSIX_MEMALIGN leaked ~ 0
# expect: line ALIGNED_ALLOC leaked ~ 0
# expect: line MEMALIGN leaked ~ 0
# expect: line VALLOC leaked ~ 0
# expect: line PVALLOC leaked ~ 0
# expect: line REALLOCARRAY leaked ~ 0

import ctypes

process = ctypes.CDLL(None)
libc = ctypes.CDLL("libc.so.6")
SIZE, POINTER = ctypes.c_size_t, ctypes.c_void_p
for library in (process, libc):
    for name, arguments in {
        "malloc": [SIZE],
        "calloc": [SIZE, SIZE],
        "aligned_alloc": [SIZE, SIZE],
        "memalign": [SIZE, SIZE],
        "valloc": [SIZE],
        "pvalloc": [SIZE],
        "reallocarray": [POINTER, SIZE, SIZE],
    }.items():
        function = getattr(library, name)
        function.restype, function.argtypes = POINTER, arguments
    library.posix_memalign.argtypes = [ctypes.POINTER(POINTER), SIZE, SIZE]
    library.free.restype, library.free.argtypes = None, [POINTER]

aligned = POINTER()
blocks = [
    process.malloc(10_000_000),  # <MALLOC>
    libc.calloc(1_000, 11_000),  # <CALLOC>
    process.aligned_alloc(4_096, 13_107_200),  # <ALIGNED_ALLOC>
    libc.memalign(64, 14_000_000),  # <MEMALIGN>
    process.valloc(15_000_000),  # <VALLOC>
    libc.pvalloc(16_384_000),  # <PVALLOC>
    process.reallocarray(None, 1_000, 17_000),  # <REALLOCARRAY>
]
libc.posix_memalign(ctypes.byref(aligned), 4_096, 12_000_000)  # <POSIX_MEMALIGN>
libc.free(aligned)
for block in blocks:
    process.free(block)
