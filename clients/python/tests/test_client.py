"""Both clients against a real daemon: every method, errors, restarts."""

import asyncio
import concurrent.futures
import math
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import mecene
from daemon import DECEMBER_MS, Daemon
from mecene import _services
from mecene.v1 import settlement_pb2


def walk(call):
    """Calls every method once. `call` makes one call, whatever the client."""
    called = set()

    def do(service, method, **fields):
        called.add((service, method))
        return call(service, method, fields)

    anna, bert = {"name": "anna"}, {"name": "bert"}
    song = {"url": "https://example.org/song"}
    assert do("health", "check").status == 1
    assert do("account_service", "open_account", name="anna", budget_micros=10_000_000).account.id == 1
    do("account_service", "open_account", name="bert", budget_micros=5_000_000)
    assert not do("account_service", "deposit", account=anna, amount_micros=10_000_000, key="a").replayed
    assert do("account_service", "deposit", account=anna, amount_micros=10_000_000, key="a").replayed
    do("account_service", "deposit", account=bert, amount_micros=5_000_000)
    assert do("account_service", "get_account", account={"id": 1}).account.active
    assert len(do("account_service", "list_accounts").accounts) == 2
    assert do("account_service", "update_account", account=bert, display_name="Bért").account.display_name == "Bért"
    assert do("account_service", "set_budget", account=bert, budget_micros=2_000_000).account.budget_micros == 2_000_000
    assert do("thing_service", "add_thing", owner=bert, url=song["url"], title="A song").thing.id == 1
    assert do("thing_service", "get_thing", thing=song).thing.title == "A song"
    assert len(do("thing_service", "list_things", owner=bert).things) == 1
    assert do("thing_service", "update_thing", thing={"id": 1}, hidden=True).thing.hidden
    assert do("thing_service", "retire_thing", thing={"id": 1}).thing.retired
    assert not do("thing_service", "revive_thing", thing={"id": 1}).thing.retired
    assert do("click_service", "click", patron=anna, thing=song).share_micros == 10_000_000
    assert do("click_service", "undo_click", patron=anna, thing=song).was_clicked
    many = do("click_service", "click_many", patron_ids=[1, 1, 2, 9], thing_ids=[1, 1, 1, 1])
    assert (many.clicked, many.already_clicked, list(many.refused_indexes)) == (1, 1, [2, 3])
    assert list(many.refused_reasons) == [mecene.Reason.OWN_THING, mecene.Reason.ACCOUNT_NOT_FOUND]
    assert do("click_service", "list_clicks", patron=anna).clicks[0].url == song["url"]
    assert not do("settlement_service", "preview_settlement").final
    assert do("daemon_service", "set_clock", now_ms=DECEMBER_MS).open_period == "2026-12"
    assert do("settlement_service", "settle", period="2026-11")[-1].settlement.revenue_micros == 10_000_000
    assert do("settlement_service", "get_settlement", period="2026-11").settlement.clicks == 1
    assert len(do("settlement_service", "list_settlements").settlements) == 1
    assert do("settlement_service", "get_revenue", owner=bert).micros_total == 10_000_000
    receipt = do(
        "settlement_service", "get_receipt", account=anna, period="2026-11", role=settlement_pb2.RECEIPT_ROLE_PATRON)
    assert receipt.receipt.patron.clicks[0].share_micros == 10_000_000
    assert do("settlement_service", "verify")[-1].verdict.clean
    assert len(do("account_service", "get_statement", account=anna).transfers) == 3
    assert do("account_service", "list_transfers").entries[0].to_account == "available:anna"
    assert do("account_service", "withdraw", account=bert, amount_micros=1).transfer.available_after_micros == 14_999_999
    assert do("account_service", "close_account", account=anna).account.closed
    assert do("daemon_service", "get_status").accounts == 2
    try:
        do("daemon_service", "confirm_clock", now_ms=DECEMBER_MS)
        raise AssertionError("a simulated clock was confirmed")
    except mecene.MeceneError as error:
        assert error.reason == mecene.Reason.INVALID_VALUE
    every = {(s, m) for s, service in vars(mecene.Client()).items() if s.endswith("service") or s == "health"
             for m in dir(service) if not m.startswith("_") and not m.endswith("_pages")}
    assert called == every, every - called


STREAMS = {"settle", "verify"}


class Blocking(unittest.TestCase):
    def test_every_method_over_tcp_and_the_unix_socket(self):
        for kind in ("unix", "tcp"):
            with Daemon() as daemon, mecene.Client(getattr(daemon, kind)) as client:
                def call(service, method, fields):
                    answer = getattr(getattr(client, service), method)(**fields)
                    return list(answer) if method in STREAMS else answer
                walk(call)

    def test_every_method_of_the_contract_has_a_stub(self):
        files = [_services.health_pb2, _services.account_pb2, _services.click_pb2, _services.daemon_pb2,
                 _services.settlement_pb2, _services.thing_pb2]
        every = {f"{service.full_name}/{method.name}" for file in files
                 for service in file.DESCRIPTOR.services_by_name.values() for method in service.methods}
        self.assertEqual(set(_services.METHODS), every)

    def test_many_threads_share_one_connection_and_pages_come_one_after_the_other(self):
        with Daemon() as daemon, mecene.Client(daemon.unix) as client:
            with concurrent.futures.ThreadPoolExecutor(32) as pool:
                ids = list(pool.map(
                    lambda n: client.account_service.open_account(name=f"account{n}").account.id, range(500)))
            self.assertEqual(sorted(ids), list(range(1, 501)))
            self.assertEqual(client.daemon_service.get_status().connections, 1)
            request = _services.account_pb2.ListAccountsRequest(page_size=70)
            pages = list(client.account_service.list_accounts_pages(request))
            self.assertEqual([len(page.accounts) for page in pages], [70] * 7 + [10])

    def test_errors_carry_everything(self):
        with Daemon() as daemon, mecene.Client(daemon.unix) as client:
            with self.assertRaises(mecene.MeceneError) as caught:
                client.account_service.open_account(name="anna", budget_micros=1_500_000)
            error = caught.exception
            self.assertEqual((error.code, error.reason), (mecene.StatusCode.INVALID_ARGUMENT, mecene.Reason.BELOW_MINIMUM))
            self.assertEqual((error.field, error.details["budget_micros"]), ("budget_micros", "1500000"))
            self.assertIn("at least 2.00 EUR", str(error))

    def test_nobody_a_silent_one_and_a_stranger_each_say_which(self):
        with self.assertRaises(mecene.MeceneError) as nobody:
            mecene.Client("tcp://127.0.0.1:1").health.check()
        self.assertEqual(nobody.exception.reason, mecene.Reason.CONNECT_FAILED)
        self.assertTrue(nobody.exception.not_executed)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            client = mecene.Client(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
            start = time.monotonic()
            with self.assertRaises(mecene.MeceneError) as late:
                client.health.check(options=mecene.Options(timeout=0.2))
            self.assertEqual(late.exception.code, mecene.StatusCode.DEADLINE_EXCEEDED)
            self.assertIn("does not answer", late.exception.cause)
            self.assertLess(time.monotonic() - start, 2)

            def greet():
                for _ in range(2):
                    peer = silent.accept()[0]
                    peer.sendall(b"220 mail.example.org\r\n" * 9)
                    greeted.append(peer)
            greeted = []
            threading.Thread(target=greet).start()
            with self.assertRaises(mecene.MeceneError) as strange:
                mecene.Client(client.address).health.check()
            self.assertIn("protocol", str(strange.exception))
            client.close()
            for peer in greeted:
                peer.close()
        for address in ("nowhere", "tcp://", "tcp://a:b", "tcp://a:70000", "unix:", "http://a"):
            self.assertRaises(ValueError, mecene.Client, address)

    def test_after_a_restart_what_is_safe_goes_on_and_the_rest_is_unavailable(self):
        with Daemon() as daemon, mecene.Client(daemon.unix) as client:
            client.account_service.open_account(name="anna")
            for sign in (signal.SIGTERM, signal.SIGKILL):
                daemon.stop(sign)
                daemon.start()
                self.assertEqual(client.account_service.get_account(account={"id": 1}).account.name, "anna")
                client.account_service.deposit(account={"id": 1}, amount_micros=5)
            self.assertEqual(client.account_service.get_account(account={"id": 1}).account.available_micros, 10)
            waiting = concurrent.futures.ThreadPoolExecutor(1)
            daemon.stop()
            answer = waiting.submit(client.health.check, options=mecene.Options(wait_for_ready=True))
            time.sleep(0.2)
            daemon.start()
            self.assertEqual(answer.result().status, 1)
            # Whom a daemon has answered waits for it without asking, unless told not to.
            daemon.stop()
            with mecene.Client(daemon.unix) as stranger, self.assertRaises(mecene.MeceneError) as caught:
                stranger.health.check()
            self.assertEqual(caught.exception.reason, mecene.Reason.CONNECT_FAILED)
            with self.assertRaises(mecene.MeceneError):
                client.health.check(options=mecene.Options(wait_for_ready=False))
            answer = waiting.submit(client.health.check)
            time.sleep(0.2)
            daemon.start()
            self.assertEqual(answer.result().status, 1)
            waiting.shutdown()

    def test_requests_are_given_whole_or_by_field_and_errors_show_names(self):
        with Daemon() as daemon, mecene.Client(daemon.unix) as client:
            request = _services.account_pb2.OpenAccountRequest(name="anna")
            self.assertEqual(client.account_service.open_account(request).account.id, 1)
            self.assertEqual(client.account_service.open_account({"name": "bert"}).account.id, 2)
            self.assertEqual(client.account_service.get_account({"account": {"id": 2}}).account.name, "bert")
            with self.assertRaisesRegex(TypeError, "not both"):
                client.account_service.open_account(request, name="carl")
            with self.assertRaisesRegex(TypeError, "nme"):
                client.account_service.open_account(nme="carl")
            with self.assertRaises(mecene.MeceneError) as caught:
                client.account_service.open_account(name="anna")
            self.assertEqual(f"{caught.exception.reason} {caught.exception.code}", "NAME_TAKEN ALREADY_EXISTS")
            self.assertTrue(repr(caught.exception).startswith("MeceneError(ALREADY_EXISTS, NAME_TAKEN, "))

    def test_a_closed_client_fails_at_once(self):
        client = mecene.Client("tcp://127.0.0.1:1")
        waiting = concurrent.futures.ThreadPoolExecutor(1)
        answer = waiting.submit(client.health.check, options=mecene.Options(wait_for_ready=True))
        time.sleep(0.1)
        start = time.monotonic()
        client.close()
        self.assertIsInstance(answer.exception(), mecene.MeceneError)
        self.assertLess(time.monotonic() - start, 1)
        self.assertRaises(mecene.MeceneError, client.health.check)
        waiting.shutdown()


class Readme(unittest.TestCase):
    def test_every_call_is_listed(self):
        readme = pathlib.Path(__file__).parent.parent.joinpath("README.md").read_text()
        for path in _services.METHODS:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", path.rsplit("/", 1)[1]).lower()
            self.assertIn(f"`{name}`", readme)

    def test_the_programs_of_the_readme_run(self):
        readme = pathlib.Path(__file__).parent.parent.joinpath("README.md").read_text()
        programs = re.findall(r"```python\n(.*?)```", readme, re.S)
        self.assertEqual(len(programs), 2)
        with Daemon() as daemon:
            for program in programs:
                program = program.replace("tcp://127.0.0.1:7437", daemon.tcp)
                ran = subprocess.run(
                    [sys.executable, "-W", "error", "-"], input=program, capture_output=True, text=True)
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            self.assertIn("nobody has added https://example.org/song", ran.stdout)


class Surroundings(unittest.TestCase):
    """Processes that fork, and peers that hang."""

    def test_after_a_fork_each_process_has_its_own_answers(self):
        with Daemon() as daemon, mecene.Client(daemon.tcp) as client:
            for name in ("anna", "bert"):
                client.account_service.open_account(name=name)
            children = []
            for _ in range(4):
                child = os.fork()
                if child == 0:
                    status = 1
                    try:
                        names = {client.account_service.get_account(account={"name": "anna"}).account.name for _ in range(200)}
                        client.account_service.deposit(account={"name": "anna"}, amount_micros=1_000_000)
                        status = 0 if names == {"anna"} else 2
                    finally:
                        os._exit(status)
                children.append(child)
            names = {client.account_service.get_account(account={"name": "bert"}).account.name for _ in range(500)}
            self.assertEqual(names, {"bert"})
            self.assertEqual([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children], [0] * 4)
            self.assertEqual(
                client.account_service.get_account(account={"name": "anna"}).account.available_micros, 4_000_000)

    def test_an_async_client_of_the_parent_connects_anew_in_the_child(self):
        with Daemon() as daemon:
            client = mecene.AsyncClient(daemon.tcp)

            async def ask():
                return (await client.account_service.list_accounts()).accounts

            async def prepare():
                await client.account_service.open_account(name="anna")

            loop = asyncio.new_event_loop()
            loop.run_until_complete(prepare())
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    asyncio.set_event_loop(None)
                    status = 0 if len(asyncio.run(ask())) == 1 else 2
                finally:
                    os._exit(status)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            loop.run_until_complete(client.close())
            loop.run_until_complete(asyncio.sleep(0.05))
            loop.close()

    def test_calls_end_in_their_time_though_the_daemon_takes_nothing(self):
        with Daemon() as daemon, mecene.Client(daemon.tcp) as client:
            client.health.check()
            daemon.pause()
            try:
                ids = list(range(1, 60_001))
                for number in range(20):
                    begin = time.monotonic()
                    with self.assertRaises(mecene.MeceneError) as caught:
                        client.click_service.click_many(
                            patron_ids=ids, thing_ids=ids, options=mecene.Options(timeout=0.2))
                    self.assertEqual(caught.exception.reason, mecene.Reason.DEADLINE_EXCEEDED)
                    self.assertLess(time.monotonic() - begin, 1.5, number)
                begin = time.monotonic()
                client.close()
                self.assertLess(time.monotonic() - begin, 0.5)
            finally:
                daemon.go_on()

    def test_nobody_waits_for_another_who_connects(self):
        # A listener whose backlog is full takes no connection.
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
            address = listener.getsockname()
            fillers = []
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(address)
                fillers.append(filler)
            client = mecene.Client(f"tcp://127.0.0.1:{address[1]}")

            def call(timeout):
                with self.assertRaises(mecene.MeceneError):
                    client.health.check(options=mecene.Options(timeout=timeout))

            first = threading.Thread(target=call, args=(4.0,))
            first.start()
            time.sleep(0.2)
            begin = time.monotonic()
            call(0.5)
            self.assertLess(time.monotonic() - begin, 2)
            begin = time.monotonic()
            client.close()
            self.assertLess(time.monotonic() - begin, 0.5)
            first.join()
            for filler in fillers:
                filler.close()

    def test_a_call_may_wait_for_ever(self):
        with Daemon() as daemon, mecene.Client(daemon.tcp) as client:
            self.assertEqual(client.health.check(options=mecene.Options(timeout=math.inf)).status, 1)


class Middleman:
    """Hands the first call on to a daemon, loses its answer, and is gone."""

    def __init__(self, target):
        self._target = target.removeprefix("unix:")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "tcp://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._once)
        self._thread.start()

    def _once(self):
        client, _ = self._listener.accept()
        with client, socket.socket(socket.AF_UNIX) as daemon:
            daemon.connect(self._target)
            daemon.sendall(client.recv(65536))
            daemon.recv(65536)
            self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._thread.join()


class InDoubt(unittest.TestCase):
    """A call whose answer was lost, and that no later attempt can settle."""

    def check(self, error, direct):
        self.assertTrue(error.in_doubt)
        self.assertFalse(error.not_executed)
        self.assertIn(f"repeat it with the key {error.key}", str(error))
        again = direct.account_service.deposit(account={"name": "anna"}, amount_micros=5_000_000, key=error.key)
        self.assertTrue(again.replayed)
        self.assertEqual(again.transfer.available_after_micros, 5_000_000)

    def test_blocking(self):
        with Daemon() as daemon, mecene.Client(daemon.unix) as direct:
            direct.account_service.open_account(name="anna")
            with Middleman(daemon.unix) as middleman, mecene.Client(middleman.address) as client:
                with self.assertRaises(mecene.MeceneError) as caught:
                    client.account_service.deposit(
                        account={"name": "anna"}, amount_micros=5_000_000, options=mecene.Options(timeout=1))
            self.check(caught.exception, direct)

    def test_asyncio(self):
        async def deposit(address):
            async with mecene.AsyncClient(address) as client:
                await client.account_service.deposit(
                    account={"name": "anna"}, amount_micros=5_000_000, options=mecene.Options(timeout=1))

        with Daemon() as daemon, mecene.Client(daemon.unix) as direct:
            direct.account_service.open_account(name="anna")
            with Middleman(daemon.unix) as middleman:
                with self.assertRaises(mecene.MeceneError) as caught:
                    asyncio.run(deposit(middleman.address))
            self.check(caught.exception, direct)

    def test_a_client_that_is_closed_says_of_no_call_in_flight_that_it_was_not_executed(self):
        # A peer that takes calls and answers none.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = mecene.Client("tcp://127.0.0.1:%d" % listener.getsockname()[1])
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                answer = pool.submit(client.account_service.deposit, account={"id": 1}, amount_micros=1)
                taken, _ = listener.accept()
                taken.recv(65536)
                client.close()
                error = answer.exception()
                taken.close()
            self.assertFalse(error.not_executed)
            self.assertTrue(error.in_doubt)


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        # A daemon that starts takes longer than the loop's debug mode finds right.
        asyncio.get_running_loop().slow_callback_duration = 5

    async def test_every_method_over_tcp_and_the_unix_socket(self):
        for kind in ("unix", "tcp"):
            with Daemon() as daemon:
                async with mecene.AsyncClient(getattr(daemon, kind)) as client:
                    loop = asyncio.get_running_loop()

                    async def make(service, method, fields):
                        answer = getattr(getattr(client, service), method)(**fields)
                        return [message async for message in answer] if method in STREAMS else await answer

                    def call(*arguments):
                        return asyncio.run_coroutine_threadsafe(make(*arguments), loop).result()
                    await asyncio.to_thread(walk, call)

    async def test_many_tasks_share_one_connection(self):
        with Daemon() as daemon:
            async with mecene.AsyncClient(daemon.tcp) as client:
                answers = await asyncio.gather(
                    *(client.account_service.open_account(name=f"account{n}") for n in range(500)))
                self.assertEqual(sorted(a.account.id for a in answers), list(range(1, 501)))
                pages = [p async for p in client.account_service.list_accounts_pages()]
                self.assertEqual(sum(len(p.accounts) for p in pages), 500)

    async def test_after_a_restart_what_is_safe_goes_on(self):
        with Daemon() as daemon:
            async with mecene.AsyncClient(daemon.unix) as client:
                await client.account_service.open_account(name="anna")
                for sign in (signal.SIGTERM, signal.SIGKILL):
                    daemon.stop(sign)
                    daemon.start()
                    account = await client.account_service.get_account(account={"id": 1})
                    self.assertEqual(account.account.name, "anna")

    async def test_a_cancelled_task_ends_its_call(self):
        with Daemon() as daemon:
            async with mecene.AsyncClient(daemon.unix) as client:
                task = asyncio.ensure_future(client.health.check())
                await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertEqual((await client.health.check()).status, 1)
