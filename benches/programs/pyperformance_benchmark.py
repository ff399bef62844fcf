"""Runs one benchmark of an installed pyperformance as an ordinary program: one process, a fixed number of turns.

pyperf's own runner starts worker processes and calibrates, which no profiler could be compared on; so this loads the
benchmark's module from the installed package and calls the function that pyperf would call.
"""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

# For each benchmark: its turns at full length and how one call with that many turns is made.
BENCHMARKS: dict[str, tuple[int, Callable[[ModuleType, int], object]]] = {
    "deltablue": (20, lambda module, turns: [module.delta_blue(3000) for _ in range(turns)]),
    "mdp": (1, lambda module, turns: module.bench_mdp(turns)),
    "pyflate": (4, lambda module, turns: module.bench_pyflake(turns, archive(module))),
    "raytrace": (5, lambda module, turns: module.bench_raytrace(turns, 100, 100, None)),
    "regex_compile": (16, lambda module, turns: module.bench_regex_compile(turns, module.capture_regexes())),
}


def archive(module: ModuleType) -> str:
    assert module.__file__ is not None
    return str(Path(module.__file__).parent / "data" / "interpreter.tar.bz2")


def benchmark_folder(name: str) -> Path:
    package = importlib.util.find_spec("pyperformance")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("pyperformance is not installed: pip install -r requirements/bench.txt")
    return Path(next(iter(package.submodule_search_locations))) / "data-files" / "benchmarks" / f"bm_{name}"


def main() -> None:
    name = sys.argv[1]
    full, call = BENCHMARKS[name]
    folder = benchmark_folder(name)
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location("run_benchmark", folder / "run_benchmark.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_benchmark"] = module
    spec.loader.exec_module(module)
    turns = int(sys.argv[2]) if len(sys.argv) > 2 else full
    call(module, turns)
    print(name, turns)


main()
