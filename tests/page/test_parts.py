"""One process or one thread is chosen in the page, and everything below follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Made, byte_counts, make_page, opened, payload_of, selected_bytes, walk
from playwright.sync_api import Browser, expect

# Each of two processes holds 20 MB or 30 MB in a thread of its own while the first one holds 10 MB.
PROGRAM = """\
import multiprocessing
import threading

def hold(size, ready, go):
    block = bytearray(size)
    ready.send(None)
    go.recv()
    del block

def in_thread(*arguments):
    thread = threading.Thread(target=hold, args=arguments, name="holder")
    thread.start()
    thread.join()

def main():
    context = multiprocessing.get_context("fork")
    workers = []
    for size in (20_000_000, 30_000_000):
        here, there = context.Pipe()
        worker = context.Process(target=in_thread, args=(size, there, there))
        worker.start()
        here.recv()
        workers.append((worker, here))
    block = bytearray(10_000_000)
    for worker, pipe in workers:
        pipe.send(None)
        worker.join()
    del block

main()
"""


def test_the_page_is_of_all_processes(browser: Browser, made: Made) -> None:
    path, report = made
    assert len(report["run"]["processes"]) == 3
    with opened(browser, path) as page:
        assert int(page.get_attribute("#peak", "data-bytes") or 0) == report["peak"]["heap_bytes"] >= 60_000_000
        assert selected_bytes(page) == report["peak"]["heap_bytes"]
        users = [line["peak_bytes"] for line in report["user_lines"] if line["peak_bytes"] > 0]
        while page.is_visible(".details .more"):
            page.click(".details .more")
        assert [held for held in byte_counts(page, "td.bytes .amount") if held > 0] == sorted(users, reverse=True)
        page.keyboard.press("e")
        assert selected_bytes(page) == report["leaked_bytes"]
        page.keyboard.press("a")
        assert selected_bytes(page) == sum(line["allocated_bytes"] for line in report["lines"])
        page.keyboard.press("6")
        for process in report["run"]["processes"]:
            assert f"Process {process['pid']}" in page.inner_text(".details")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_chosen_process_is_all_that_is_seen(browser: Browser, made: Made, index: int) -> None:
    path, report = made
    process = report["run"]["processes"][index]
    with opened(browser, path) as page:
        page.keyboard.press("w")
        page.select_option("select[aria-label='Process or thread']", f"process.{index}")
        assert f"of=process.{index}" in page.url
        assert selected_bytes(page) == process["peak_bytes"]
        assert f"live in process {process['pid']} at the peak" in page.inner_text(".status")
        assert f"process {process['pid']}" in page.inner_text(".legend >> nth=0")
        told = walk(page)
        held = {0: 10_000_000, 1: 20_000_000, 2: 30_000_000}
        assert any(f"{held[index] / 1e6:.1f} MB" in text for text in told), told
        rows = byte_counts(page, "td.bytes .amount")
        assert rows[0] == pytest.approx(held[index], abs=1000)
        assert sum(rows) <= process["peak_bytes"]
        page.keyboard.press("3")
        shown = page.inner_text(".code")
        assert f"{held[index] / 1e6:.1f} MB" in shown
        assert not any(f"{other / 1e6:.1f} MB" in shown for other in held.values() if other != held[index])
        address = page.url
        page.keyboard.press("Backspace")
        expect(page.locator('[data-tab="lines"]')).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Backspace")
        expect(page.locator("#selected")).to_have_attribute("data-bytes", str(report["peak"]["heap_bytes"]))
        assert "of=" not in page.url
    with opened(browser, path, address.split("#", 1)[1]) as page:
        assert selected_bytes(page) == process["peak_bytes"]


def test_objects_are_those_of_the_chosen_process(browser: Browser, tmp_path: Path) -> None:
    # Counting is work in Python, between whose instructions the objects are looked at.
    program = """\
import multiprocessing

def hold(size, ready, go):
    block = bytearray(size)
    for number in range(500_000):
        size += number
    ready.send(None)
    go.recv()
    del block

def main():
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    worker = context.Process(target=hold, args=(20_000_000, there, there))
    worker.start()
    here.recv()
    block = bytearray(10_000_000)
    total = sum(number for number in range(500_000))
    here.send(None)
    worker.join()
    del block

main()
"""
    path, report = make_page(tmp_path, program)
    pids = [process["pid"] for process in report["run"]["processes"]]
    held = list(zip(pids, ("10.0 MB", "20.0 MB"), ("main.block", "hold.block"), strict=True))
    with opened(browser, path, "tab=objects") as page:
        shown = page.inner_text(".objects")
        assert all(f"process {pid}" in shown and size in shown and name in shown for pid, size, name in held)
        for index, (pid, size, name) in enumerate(held):
            page.select_option("select[aria-label='Process or thread']", f"process.{index}")
            own = [it for it in report["objects"] if it["process"] == pid and it["same_as"] is None]
            assert page.locator(".objects > .object").count() == len(own) > 0
            assert page.inner_text("[data-tab='objects'] .count") == str(len(own))
            first = page.inner_text(".objects > .object >> nth=0")
            assert size in first
            assert name in first
            assert f"of process {pid}" in page.inner_text(".objects .note")


def test_a_thread_is_chosen_and_threads_are_split(browser: Browser, made: Made) -> None:
    path, report = made
    processes = [thread["process"] for thread in payload_of(path)["threads"]]
    assert processes == sorted(processes)
    # The agent's own threads hold nothing and stand among them, so the one of the last process is looked for.
    of_last = [number for number, process in enumerate(processes) if process == 2]
    with opened(browser, path) as page:
        names = [page.inner_text(f"option[value='thread.{number}']") for number in of_last]
    holder = next(number for number, name in zip(of_last, names, strict=True) if " 30." in name)
    with opened(browser, path, f"of=thread.{holder}") as page:
        assert 30_000_000 <= selected_bytes(page) < 30_100_000
        assert f" of process {report['run']['processes'][2]['pid']} at the peak" in page.inner_text(".status")
    with opened(browser, path) as page:
        page.keyboard.press("t")
        told = walk(page)
        # The largest process comes first, in it its largest thread.
        assert told[1].startswith(f"process {report['run']['processes'][2]['pid']}"), told
        assert told[2].startswith("thread "), told
        assert ": 30." in told[2], told


def test_a_process_that_had_ended_is_shown_where_it_held_most(browser: Browser, tmp_path: Path) -> None:
    program = """\
import subprocess
import sys
subprocess.run([sys.executable, "-c", "block = bytearray(20_000_000)"], check=True)
block = bytearray(50_000_000)
"""
    path, report = make_page(tmp_path, program)
    first, second = report["run"]["processes"]
    assert second["peak_bytes"] == 0 < first["peak_bytes"]
    with opened(browser, path) as page:
        page.select_option("select[aria-label='Process or thread']", "process.1")
        assert selected_bytes(page) == second["peak_heap_bytes"]
        assert "its highest moment" in page.inner_text(".status")
        page.select_option("select[aria-label='Process or thread']", "")
        page.keyboard.press("p")
        assert selected_bytes(page) == report["peak"]["heap_bytes"]


@pytest.mark.parametrize("hash_", ["of=process.99", "of=thread.-1", "of=process", "of=.1", "of=thread.1e9"])
def test_a_part_that_is_not_there_is_none(browser: Browser, made: Made, hash_: str) -> None:
    path, report = made
    with opened(browser, path, hash_) as page:
        assert selected_bytes(page) == report["peak"]["heap_bytes"]
