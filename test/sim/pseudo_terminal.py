"""A pseudo terminal for tests: says the path of its serial port, then passes standard input to it and what it is sent to standard output."""
import os
import pty
import select
import sys
import tty

master, port = pty.openpty()
tty.setraw(port)
print(os.ttyname(port), flush=True)
# Our own end of the port stays open: readers may come and go without the terminal hanging up.
while True:
    ready, _, _ = select.select([0, master], [], [])
    if 0 in ready:
        data = os.read(0, 4096)
        if not data:
            sys.exit()
        os.write(master, data)
    if master in ready:
        os.write(1, os.read(master, 4096))
