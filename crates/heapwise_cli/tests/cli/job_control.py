"""Runs sys.argv[1:] as a job on a terminal of its own, as a shell with job control does, and types at it.

Every step waits for what the last one did: a line that the program printed, or a change that the shell was told of.
Prints the session; what the terminal echoes is left out.
"""

import fcntl
import os
import signal
import sys
import termios

STEPS = ["Ctrl-C", "Ctrl-Z", "again", "Ctrl-Z", "Ctrl-C", "end"]
KEYS = {"Ctrl-C": b"\x03", "Ctrl-Z": b"\x1a"}


def shell(terminal, news, orders):
    """The leader of the terminal's session: starts the job, tells how it changes, continues it when ordered."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for stream in (0, 1, 2):
        os.dup2(terminal, stream)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvp(sys.argv[1], sys.argv[1:])
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            os.write(news, f"exited with {code}\n".encode())
            os._exit(0)
        os.tcsetpgrp(0, os.getpgrp())
        os.write(news, f"stopped by {os.WSTOPSIG(status)}\n".encode())
        os.read(orders, 1)
        os.tcsetpgrp(0, job)
        os.killpg(job, signal.SIGCONT)
        os.write(news, b"continued\n")


def main():
    ours, terminal = os.openpty()
    attributes = termios.tcgetattr(terminal)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)
    news, news_in = os.pipe()
    orders_out, orders = os.pipe()
    child = os.fork()
    if child == 0:
        shell(terminal, news_in, orders_out)
    os.close(news_in)
    changes = os.fdopen(news)
    screen = os.fdopen(ours, "rb", buffering=0)
    printed = b""

    def program_says():
        nonlocal printed
        while b"\n" not in printed:
            printed += screen.read(1000)
        line, _, printed = printed.partition(b"\n")
        print("program:", line.decode().strip())

    program_says()
    for step in STEPS:
        print("type", step)
        os.write(ours, KEYS.get(step, step.encode() + b"\n"))
        if step == "Ctrl-Z":
            print("shell:", changes.readline().strip())
            os.write(orders, b"f")
            print("shell:", changes.readline().strip())
        else:
            program_says()
    print("shell:", changes.readline().strip())
    os.waitpid(child, 0)


main()
