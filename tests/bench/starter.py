"""Starts one command, waits, and says what it took: a small process, because the peak memory that
the system reports for a command is never less than that of the process it was started from.

python -I -S starter.py FILE COMMAND...   writes to FILE: status, seconds, CPU seconds, ru_maxrss
"""

import os
import sys
import time

path, *argv = sys.argv[1:]
began = time.perf_counter()
child = os.posix_spawn(argv[0], argv, os.environ)
_, status, used = os.wait4(child, 0)
seconds = time.perf_counter() - began
with open(path, "w") as file:
    cpu = used.ru_utime + used.ru_stime
    file.write(f"{os.waitstatus_to_exitcode(status)} {seconds} {cpu} {used.ru_maxrss}")
