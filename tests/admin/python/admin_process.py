# SPDX-License-Identifier: Apache-2.0
#
# What both tests beside it need: a process with circuits, and protoc.
import os
import subprocess
import sys
import tempfile

try:
    import google.protobuf  # noqa: F401
    import grpc  # noqa: F401
except ImportError as missing:
    print(f"Skipped: python3-grpcio or python3-protobuf is missing or can't be loaded: {missing}")
    sys.exit(77)

SECONDS = 300  # that any call may take


class AdminProcess:
    """The program admin_server.cc, for as long as the block runs."""

    def __init__(self, program):
        self._program = program

    def __enter__(self):
        self._process = subprocess.Popen(
            [self._program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = "127.0.0.1:" + self._process.stdout.readline().strip()
        return self

    def __exit__(self, *exception):
        self._process.stdin.close()
        self._process.stdout.close()
        status = self._process.wait(SECONDS)
        assert status == 0, f"{self._program} ended with {status}"


def compile_protos(protoc, folder, protos, grpc_plugin=None):
    """Makes Python of the protos, relative to the folder, for `import` to find."""
    made = tempfile.TemporaryDirectory()
    command = [protoc, f"--proto_path={folder}", f"--python_out={made.name}"]
    if grpc_plugin:
        command += [f"--plugin=protoc-gen-grpc={grpc_plugin}", f"--grpc_out={made.name}"]
    subprocess.run(command + [os.path.join(folder, proto) for proto in protos], check=True)
    sys.path.insert(0, made.name)
    return made
