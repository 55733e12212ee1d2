# SPDX-License-Identifier: Apache-2.0
#
# The admin service by server reflection alone: this program has nothing of it but its address, and
# a text that says which methods it must find. And
# grpc.health.v1 beside it, whose messages are so small that they are written here byte by byte.
#
# usage: reflection_test.py SERVER PROTOC FOLDER_OF_REFLECTION_PROTO ADMIN_PROTO
import re
import sys
import unittest

from admin_process import SECONDS, AdminProcess, compile_protos

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SERVER, PROTOC, FOLDER, PROTO = sys.argv[1:]
PROTOCOL = compile_protos(PROTOC, FOLDER, ["reflection.proto"])

import reflection_pb2 as reflection  # noqa: E402

REFLECTION = "grpc.reflection.v1alpha.ServerReflection"
ADMIN = "fusebox.v1.CircuitAdmin"
RESERVE = "inventory/shop.Inventory/Reserve"


def ask(channel, **question):
    """One question to the server about itself."""
    call = channel.stream_stream(
        f"/{REFLECTION}/ServerReflectionInfo",
        request_serializer=reflection.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection.ServerReflectionResponse.FromString)
    return next(call(iter([reflection.ServerReflectionRequest(**question)]), timeout=SECONDS))


class ReflectedService:
    """Calls any method of a service, with what it has learnt of it from the server."""

    def __init__(self, channel, name):
        self._channel = channel
        files = {}
        answer = ask(channel, file_containing_symbol=name).file_descriptor_response
        for serialized in answer.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(serialized)
            files[file.name] = file
        self._pool = descriptor_pool.DescriptorPool()
        added = set()

        def add(file_name):
            if file_name in added:
                return
            added.add(file_name)
            for dependency in files[file_name].dependency:
                add(dependency)
            self._pool.Add(files[file_name])

        for file_name in files:
            add(file_name)
        self._factory = message_factory.MessageFactory(self._pool)
        self._service = self._pool.FindServiceByName(name)

    def methods(self):
        return [method.name for method in self._service.methods]

    def call(self, method_name, **fields):
        """The answer as JSON has it; a list of answers' iterator, if the method streams."""
        method = self._service.methods_by_name[method_name]
        request = json_format.ParseDict(
            fields, self._factory.GetPrototype(method.input_type)(), descriptor_pool=self._pool)
        streams = method_name.startswith("Watch")
        make = self._channel.unary_stream if streams else self._channel.unary_unary
        answer = make(
            f"/{self._service.full_name}/{method_name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self._factory.GetPrototype(method.output_type).FromString,
        )(request, timeout=SECONDS)
        return answer if streams else json_format.MessageToDict(answer)


class ReflectionTest(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None
        process = AdminProcess(SERVER)
        address = process.__enter__().address
        self.addCleanup(process.__exit__)
        self.channel = grpc.insecure_channel(address)
        self.addCleanup(self.channel.close)

    def test_finds_the_service(self):
        services = ask(self.channel, list_services="").list_services_response.service
        self.assertEqual(
            sorted(service.name for service in services),
            [ADMIN, "grpc.health.v1.Health", REFLECTION])
        with open(PROTO, encoding="utf-8") as file:
            methods = re.findall(r"^  rpc (\w+)\(", file.read(), re.MULTILINE)
        self.assertIn("ApplyToCircuits", methods)
        self.assertEqual(ReflectedService(self.channel, ADMIN).methods(), methods)

    def test_lists_watches_and_resets(self):
        admin = ReflectedService(self.channel, ADMIN)
        page = admin.call("ListCircuits")
        self.assertEqual(
            [(circuit["name"], circuit["state"]) for circuit in page["circuits"]],
            [("inventory/shop.Inventory/Release", "STATE_CLOSED"), (RESERVE, "STATE_CLOSED"),
             ("payments", "STATE_CLOSED")])
        self.assertEqual((page["instance"], page["totalCircuits"]), ("python-test", "3"))

        watcher = admin.call("WatchCircuits", filter={"targets": ["inventory"]})
        self.addCleanup(watcher.cancel)
        snapshot = next(watcher)
        self.assertTrue(snapshot.snapshot_complete)
        self.assertEqual(len(snapshot.circuits), 2)

        admin.call("DisableCircuit", name="payments", reason="not the watcher's")
        forced = admin.call("ForceOpenCircuit", name=RESERVE, reason="maintenance", ttl="600s")
        self.assertEqual(
            (forced["circuit"]["state"], forced["circuit"]["mode"]),
            ("STATE_OPEN", "MODE_FORCED_OPEN"))
        event = json_format.MessageToDict(next(watcher).events[0])
        self.assertEqual(
            [event[field] for field in ("circuit", "kind", "cause", "detail", "actor")],
            [RESERVE, "EVENT_KIND_MODE_CHANGED", "CAUSE_FORCED_OPEN", "maintenance",
             "local 127.0.0.1"])

        reset = admin.call("ResetCircuit", name=RESERVE, reason="done")["circuit"]
        self.assertEqual((reset["state"], reset["mode"]), ("STATE_CLOSED", "MODE_AUTOMATIC"))
        self.assertEqual(reset["lastAction"]["detail"], "done")
        self.assertEqual(reset["totals"]["opened"], "1")

    def test_a_forced_opening_is_in_the_health(self):
        admin = ReflectedService(self.channel, ADMIN)
        watch = self.channel.unary_stream("/grpc.health.v1.Health/Watch")
        name = b"shop.Checkout"
        health = watch(b"\x0a" + bytes([len(name)]) + name, timeout=SECONDS)
        self.addCleanup(health.cancel)
        serving, not_serving = b"\x08\x01", b"\x08\x02"
        self.assertEqual(next(health), serving)
        admin.call("ForceOpenCircuit", name="payments", reason="nothing to do with it")
        admin.call("ForceOpenCircuit", name=RESERVE, reason="maintenance")
        self.assertEqual(next(health), not_serving)
        admin.call("ResetCircuit", name=RESERVE, reason="done")
        self.assertEqual(next(health), serving)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
