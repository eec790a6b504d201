"""hold - makes a listening unix socket, passes it on as fd 6, and becomes another program.

hold.py PATH GROUP PROGRAM [WORD]...   GROUP may be empty.  As systemd's socket, it outlives who serves it.
"""
import os
import shutil
import socket
import sys

PASSED = 6

path, group, *command = sys.argv[1:]
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
os.chmod(path, 0o660)
if group:
    shutil.chown(path, group=group)
listening.listen(1024)
os.dup2(listening.fileno(), PASSED)
os.set_inheritable(PASSED, True)
os.execvp(command[0], command)
