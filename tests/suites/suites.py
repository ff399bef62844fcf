"""The suites: which tests of CPython and of libraries are run, and which pyperformance programs.

Invariant: a suite runs offline and as whoever runs it, with what the packages have installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# What memory, frames, threads, processes and signals have to do with, and the types that programs are made of.
# fmt: off
CPYTHON = (
    "test_list", "test_tuple", "test_dict", "test_set", "test_bytes", "test_str", "test_unicode", "test_array",
    "test_memoryview", "test_buffer", "test_json", "test_pickle", "test_copy", "test_struct", "test_zlib",
    "test_sqlite3", "test_io", "test_mmap", "test_ctypes", "test_threading", "test_thread", "test_threading_local",
    "test_queue", "test_concurrent_futures", "test_asyncio", "test_subprocess", "test_multiprocessing_fork",
    "test_multiprocessing_spawn", "test_multiprocessing_forkserver", "test_fork1", "test_os", "test_posix", "test_gc",
    "test_weakref", "test_weakset", "test_generators", "test_coroutines", "test_contextlib", "test_exceptions",
    "test_traceback", "test_sys", "test_sys_settrace", "test_sys_setprofile", "test_monitoring", "test_signal",
    "test_faulthandler", "test_tracemalloc", "test_frame", "test_code", "test_capi", "test_embed", "test_atexit",
    "test_resource", "test_importlib", "test_runpy", "test_cmd_line", "test_interpreters", "test__xxsubinterpreters",
)
# fmt: on
CPYTHON_QUICK = ("test_list", "test_dict", "test_frame", "test_mmap", "test_sys_settrace", "test__xxsubinterpreters")

# Files of tests below the packages, each run by itself; without those marked slow, which take up to 10 GB.
NUMPY = (
    "_core/tests/test_multiarray.py",
    "_core/tests/test_numeric.py",
    "_core/tests/test_ufunc.py",
    "_core/tests/test_umath.py",
    "_core/tests/test_dtype.py",
    "_core/tests/test_mem_overlap.py",
    "_core/tests/test_mem_policy.py",
    "_core/tests/test_records.py",
    "_core/tests/test_shape_base.py",
    "_core/tests/test_strings.py",
    "lib/tests/test_io.py",
    "lib/tests/test_function_base.py",
    "lib/tests/test_stride_tricks.py",
    "linalg/tests",
    "fft/tests",
    "random/tests",
    "ma/tests/test_core.py",
)
PANDAS = (
    "frame/methods",
    "frame/indexing",
    "frame/test_constructors.py",
    "series/methods",
    "groupby/test_groupby.py",
    "reshape/merge",
    "reshape/concat",
    "io/parser",
    "indexes/multi",
    "copy_view",
)

# Those that need nothing but Python, pyperf and what pyperformance brings along; each for one value.
# fmt: off
PYPERFORMANCE = (
    "async_generators", "async_tree", "asyncio_tcp", "chaos", "comprehensions", "concurrent_imap", "coroutines",
    "coverage", "crypto_pyaes", "dask", "deepcopy", "deltablue", "docutils", "dulwich_log", "fannkuch", "float",
    "gc_collect", "gc_traversal", "generators", "genshi", "go", "hexiom", "html5lib", "json_dumps", "json_loads",
    "logging", "mako", "mdp", "meteor_contest", "nbody", "networkx", "nqueens", "pathlib", "pickle", "pidigits",
    "pprint", "pyflate", "python_startup", "raytrace", "regex_compile", "regex_dna", "regex_effbot", "regex_v8",
    "richards", "richards_super", "scimark", "spectral_norm", "sqlalchemy_declarative", "sqlalchemy_imperative",
    "sqlglot", "sqlite_synth", "sympy", "telco", "tomli_loads", "tornado_http", "typing_runtime_protocols",
    "unpack_sequence", "xml_etree",
)
# fmt: on

# Tests that end differently under any profiler of this kind, with the reason; by the end of their name.
WRAPPED = "CPython knows its own allocators by their functions, and heapwise's hooks stand before them"
EXPECTED: dict[str, str] = {
    "SysModuleTest.test_debugmallocstats": WRAPPED,
    "CmdLineTest.test_pythonmalloc": WRAPPED,
    "CmdLineTest.test_xdev": WRAPPED,
}


@dataclass(frozen=True)
class Job:
    """A part of a suite that runs by itself. `{result}` in the arguments stands for the JUnit file to write."""

    name: str
    arguments: tuple[str, ...]


def cpython_jobs(library: Path, names: tuple[str, ...] = CPYTHON) -> list[Job]:
    """One job for each test module that this Python has; `library` is the folder of its standard library."""
    here = [name for name in names if (library / "test" / f"{name}.py").exists() or (library / "test" / name).is_dir()]
    return [Job(name, ("-m", "test", "--junit-xml", "{result}", name)) for name in here]


def library_jobs(packages: Path) -> list[Job]:
    """One job for each folder or file of tests of NumPy and pandas below `packages` (a site-packages folder)."""
    jobs = []
    for package, parts in (("numpy", NUMPY), ("pandas", PANDAS)):
        tests = packages / package / ("tests" if package == "pandas" else "")
        for part in parts:
            if (tests / part).exists():
                options = ("-p", "no:cacheprovider", "-q", "--tb=no", "-m", "not slow", "--junit-xml", "{result}")
                jobs.append(Job(f"{package}/{part}", ("-m", "pytest", *options, str(tests / part))))
    return jobs


def pyperformance_jobs(packages: Path) -> list[Job]:
    """One job for each program of an installed pyperformance, which runs it in one process for one value."""
    folder = packages / "pyperformance" / "data-files" / "benchmarks"
    options = ("--worker", "--warmups", "0", "--values", "1", "--loops", "1")
    return [
        Job(name, (str(folder / f"bm_{name}" / "run_benchmark.py"), *options))
        for name in PYPERFORMANCE
        if (folder / f"bm_{name}" / "run_benchmark.py").exists()
    ]
