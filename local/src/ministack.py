# Runs MiniStack, and ends it with everything it started once the runner is gone, however that went:
# the runner holds the other end of standard input, and never writes to it.
import os, runpy, signal, sys, threading


def end_with_the_runner():
    sys.stdin.buffer.read()
    os.killpg(os.getpgid(0), signal.SIGKILL)


threading.Thread(target=end_with_the_runner, daemon=True).start()
sys.argv = ["ministack"]
runpy.run_module("ministack", run_name="__main__")
