# SPDX-License-Identifier: Apache-2.0
"""What all processes that a test starts have in common: signals, and an end that is seen."""

import os
import signal
import subprocess


class Process:
    """One child at a time; only it is ever signalled, by the id that starting it returned."""

    child = None

    def spawn(self, argv, **options):
        assert not self.running, f"{argv[0]} runs already"
        self.child = subprocess.Popen([str(word) for word in argv], **options)

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        os.kill(self.child.pid, number)

    def pause(self):
        self.signal(signal.SIGSTOP)
        # Stopping is not instant: wait until the kernel says that the child has stopped.
        os.waitid(os.P_PID, self.child.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """SIGKILL, and wait until it is gone. Nothing to do when it is gone already."""
        if self.running:
            self.child.kill()
        if self.child is not None:
            self.child.wait(60)
