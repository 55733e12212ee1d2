# SPDX-License-Identifier: Apache-2.0
"""A demo that gets sick and well again, over and over, and serves its circuits."""

import subprocess
import threading


class DemoInstance:
    def __init__(self, demo, name):
        self.name = name
        self.process = subprocess.Popen(
            [demo, "--fast", "--forever", "--admin-port", "0", "--instance", name],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if line.startswith("admin: "):
                self.address = line.split()[1]
                # It stands still once nobody has read so much of what it says.
                self.reader = threading.Thread(target=self.process.stdout.read)
                self.reader.start()
                return
        raise AssertionError(f"{name} ended before it served its circuits")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
