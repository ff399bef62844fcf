"""An object whose reference count never goes back to zero outlives the interpreter: it is leaked.

The 45 MB bytearray gets one reference too many by way of the C API. The other one, of 30 MB, is an ordinary global.
Importing ctypes takes up to 2 MB.
"""
# expect: peak_heap_bytes ~ 75_000_000 .. 77_000_000
# expect: leaked_bytes ~ 45_000_000 .. 48_000_000
# expect: line IMMORTAL leaked ~ 45_000_000
# expect: line MORTAL leaked ~ 0

import ctypes

immortal = bytearray(45_000_000)  # <IMMORTAL>
mortal = bytearray(30_000_000)  # <MORTAL>
ctypes.pythonapi.Py_IncRef(ctypes.py_object(immortal))
