# SPDX-License-Identifier: Apache-2.0
#
# The admin service by the stubs that protoc makes for Python.
#
# usage: stubs_test.py SERVER PROTOC GRPC_PYTHON_PLUGIN PROTO_FOLDER
import sys
import unittest

from admin_process import SECONDS, AdminProcess, compile_protos

import grpc

SERVER, PROTOC, PLUGIN, PROTOS = sys.argv[1:]
STUBS = compile_protos(
    PROTOC, PROTOS, ["fusebox/v1/circuit.proto", "fusebox/v1/admin.proto"], PLUGIN)

from fusebox.v1 import admin_pb2 as admin  # noqa: E402
from fusebox.v1 import admin_pb2_grpc as admin_grpc  # noqa: E402
from fusebox.v1 import circuit_pb2 as circuits  # noqa: E402

RELEASE = "inventory/shop.Inventory/Release"
RESERVE = "inventory/shop.Inventory/Reserve"
PAYMENTS = "payments"
ME = "local 127.0.0.1"


def undated(circuit):
    """Without the times that have passed: each answer dates them anew, by its own clocks."""
    circuit.ClearField("transition_time")
    circuit.last_opening.ClearField("time")
    circuit.last_action.ClearField("time")
    return circuit


class StubsTest(unittest.TestCase):
    def setUp(self):
        self.maxDiff = None
        process = AdminProcess(SERVER)
        address = process.__enter__().address
        self.addCleanup(process.__exit__)
        channel = grpc.insecure_channel(address)
        self.addCleanup(channel.close)
        self.stub = admin_grpc.CircuitAdminStub(channel)

    def call(self, method, request):
        return getattr(self.stub, method)(request, timeout=SECONDS)

    def refused(self, method, request):
        with self.assertRaises(grpc.RpcError) as raised:
            self.call(method, request)
        return raised.exception

    def watch(self):
        """A watcher that has seen all circuits, and the circuits."""
        watcher = self.stub.WatchCircuits(admin.WatchCircuitsRequest(), timeout=SECONDS)
        self.addCleanup(watcher.cancel)
        seen = []
        for message in watcher:
            seen += message.circuits
            if message.snapshot_complete:
                return watcher, seen
        self.fail("the watch ended before all circuits were told")

    def events(self, watcher, count):
        events = []
        while len(events) < count:
            message = next(watcher)
            self.assertEqual(message.missed_events, 0)
            events += message.events
            self.assertEqual(message.resume.sequence, events[-1].sequence)
        return events

    def test_lists_page_by_page(self):
        first = self.call("ListCircuits", admin.ListCircuitsRequest(page_size=2))
        self.assertEqual([circuit.name for circuit in first.circuits], [RELEASE, RESERVE])
        self.assertEqual([circuit.target for circuit in first.circuits], ["inventory"] * 2)
        self.assertEqual(first.instance, "python-test")
        self.assertEqual(first.total_circuits, 3)
        last = self.call("ListCircuits", admin.ListCircuitsRequest(
            page_size=2, page_token=first.next_page_token))
        self.assertEqual([circuit.name for circuit in last.circuits], [PAYMENTS])
        self.assertEqual(last.next_page_token, "")
        payments = last.circuits[0]
        self.assertEqual(payments.state, circuits.STATE_CLOSED)
        self.assertEqual(payments.mode, circuits.MODE_AUTOMATIC)
        self.assertEqual(payments.policy.consecutive_failures, 10)
        self.assertEqual(payments.policy.open_duration.ToTimedelta().total_seconds(), 120)
        self.assertFalse(payments.policy.HasField("failure_rate"))
        self.assertEqual(payments.totals, circuits.Totals())

    def test_filters(self):
        page = self.call("ListCircuits", admin.ListCircuitsRequest(
            filter=admin.CircuitFilter(name_globs=["*/Res*"], states=[circuits.STATE_CLOSED])))
        self.assertEqual([circuit.name for circuit in page.circuits], [RESERVE])

    def test_force_opens_and_resets_and_watches_it(self):
        watcher, seen = self.watch()
        self.assertEqual([circuit.name for circuit in seen], [RELEASE, RESERVE, PAYMENTS])

        request = admin.ForceOpenCircuitRequest(name=RESERVE, reason="maintenance")
        request.ttl.FromSeconds(600)
        forced = self.call("ForceOpenCircuit", request).circuit
        self.assertEqual(forced.name, RESERVE)
        self.assertEqual(forced.state, circuits.STATE_OPEN)
        self.assertEqual(forced.mode, circuits.MODE_FORCED_OPEN)
        self.assertEqual(forced.last_action.actor, ME)
        self.assertEqual(forced.last_action.detail, "maintenance")
        self.assertTrue(forced.HasField("next_probe_time"))
        left = forced.next_probe_time.ToNanoseconds() - forced.transition_time.ToNanoseconds()
        self.assertTrue(600 <= round(left / 1e9) <= 630, left)  # it ends a little late
        self.assertEqual(forced.totals.opened, 1)

        mode, transition = self.events(watcher, 2)
        self.assertEqual((mode.kind, transition.kind),
                         (circuits.EVENT_KIND_MODE_CHANGED, circuits.EVENT_KIND_TRANSITION))
        self.assertEqual(transition.sequence, mode.sequence + 1)
        for event in (mode, transition):
            self.assertEqual(event.circuit, RESERVE)
            self.assertEqual(event.cause, circuits.CAUSE_FORCED_OPEN)
            self.assertEqual((event.actor, event.detail), (ME, "maintenance"))
            self.assertEqual(event.epoch, forced.epoch)
        self.assertEqual((mode.from_mode, mode.to_mode),
                         (circuits.MODE_AUTOMATIC, circuits.MODE_FORCED_OPEN))
        self.assertEqual((transition.from_state, transition.to_state),
                         (circuits.STATE_CLOSED, circuits.STATE_OPEN))

        reset = self.call(
            "ResetCircuit", admin.ResetCircuitRequest(name=RESERVE, reason="done")).circuit
        self.assertEqual(reset.state, circuits.STATE_CLOSED)
        self.assertEqual(reset.mode, circuits.MODE_AUTOMATIC)
        self.assertEqual(reset.epoch, forced.epoch + 2)  # the order ends, and it is reset
        self.assertFalse(reset.HasField("next_probe_time"))
        self.assertEqual(reset.totals.opened, 1)
        causes = []
        while circuits.CAUSE_RESET not in causes:
            causes += [event.cause for event in next(watcher).events]
        self.assertEqual(causes[0], circuits.CAUSE_RELEASED)

        got = self.call("GetCircuit", admin.GetCircuitRequest(name=RESERVE))
        self.assertEqual(undated(got.circuit), undated(reset))
        self.assertEqual(got.events[0].kind, circuits.EVENT_KIND_CIRCUIT_ADDED)
        self.assertEqual(list(got.events[1:3]), [mode, transition])

    def test_changes_one_field_of_a_policy(self):
        before = self.call("GetCircuit", admin.GetCircuitRequest(name=PAYMENTS)).circuit
        request = admin.UpdatePolicyRequest(name=PAYMENTS, reason="too nervous", etag=before.etag)
        request.change.policy.consecutive_failures = 20
        after = self.call("UpdatePolicy", request).circuit
        before.policy.consecutive_failures = 20
        self.assertEqual(after.policy, before.policy)
        self.assertNotEqual(after.etag, before.etag)

        error = self.refused("UpdatePolicy", request)  # somebody else's change came first
        self.assertEqual(error.code(), grpc.StatusCode.ABORTED)

    def test_says_what_is_wrong_with_a_request(self):
        unknown = self.refused("ResetCircuit", admin.ResetCircuitRequest(name="x", reason="y"))
        self.assertEqual(unknown.code(), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(unknown.details(), 'no circuit named "x"')

        bad = self.refused("ResetCircuit", admin.ResetCircuitRequest(name=RESERVE))
        self.assertEqual(bad.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(
            bad.details(), 'invalid request: reason = "", must say why, in 1 to 500 bytes')
        details = dict(bad.trailing_metadata())["grpc-status-details-bin"]
        self.assertIn(b"type.googleapis.com/google.rpc.BadRequest", details)

    def test_a_refusal_arrives_whatever_the_size_of_the_request(self):
        request = admin.UpdatePolicyRequest(name=PAYMENTS, reason="drill")
        request.change.update_mask.paths.extend(["\u20ac" * 10_000, "y"] * 2 + ["y"] * 96)
        bad = self.refused("UpdatePolicy", request)
        self.assertEqual(bad.code(), grpc.StatusCode.INVALID_ARGUMENT, bad.details())
        start = 'invalid request: change.update_mask = "' + "\u20ac" * 85 + '...", of 30000 bytes, '
        self.assertEqual(bad.details()[:len(start)], start)
        self.assertRegex(bad.details(), r'"y", must be a field of Policy.*; and \d+ more$')

        request.change.update_mask.paths.extend(["\u20ac" * 10_000, "y"] * 50)
        large = self.refused("UpdatePolicy", request)
        self.assertEqual(large.code(), grpc.StatusCode.INVALID_ARGUMENT, large.details())
        self.assertRegex(
            large.details(), r"^invalid request: request = \d+ bytes, must be at most 65536$")

        unknown = self.refused("GetCircuit", admin.GetCircuitRequest(name="x" * 50_000))
        self.assertEqual(unknown.code(), grpc.StatusCode.NOT_FOUND)
        self.assertEqual(
            unknown.details(), 'no circuit named "' + "x" * 256 + '...", of 50000 bytes')

    def test_moves_many_at_once(self):
        answer = self.call("ApplyToCircuits", admin.ApplyToCircuitsRequest(
            filter=admin.CircuitFilter(targets=["inventory"]), reason="drill",
            disable=admin.ApplyToCircuitsRequest.Disable()))
        self.assertEqual(
            [(each.name, each.code, each.mode) for each in answer.results],
            [(RELEASE, 0, circuits.MODE_DISABLED), (RESERVE, 0, circuits.MODE_DISABLED)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
