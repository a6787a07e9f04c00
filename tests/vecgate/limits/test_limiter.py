from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from tests.support.state import Clock, opened, person

from vecgate.config.models import LimitRule
from vecgate.errors import Refusal, Unavailable
from vecgate.identity.principal import Principal
from vecgate.limits import limiter as module
from vecgate.limits.limiter import Limiter
from vecgate.limits.reservation import Reservation
from vecgate.operations.model import Action, Operation
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore
from vecgate.state.store import StateStore
from vecgate.state.windows import Claim, Share

ALICE = person("alice")


def rule(name: str = "everyone", **rates: str) -> LimitRule:
    return LimitRule.model_validate({"name": name, **rates})


def search(count: int = 1, points: int | None = 0) -> Operation:
    return Operation("query", Action.SEARCH, ("kb",), count=count, points=points)


async def outcome(limiter: Limiter, limit: LimitRule, *operations: Operation, who: Principal = ALICE) -> str:
    try:
        await limiter.reserve(who, [limit], operations or (search(),))
    except Refusal as refusal:
        return str(refusal.reason.value)
    return "served"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StateStore]:
    async with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture
async def limiter(store: StateStore) -> AsyncIterator[Limiter]:
    limiter = Limiter(store)
    yield limiter
    await limiter.close()


class Watched(MemoryStore):
    """Counts calls; can be made to fail."""

    calls = 0
    broken = False

    async def claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
        self.calls += 1
        if self.broken:
            raise Unavailable(Reason.STATE_UNAVAILABLE)
        return await super().claim(worker, claims)


async def test_a_parallel_burst_is_served_exactly_to_the_limit(limiter: Limiter) -> None:
    results = await asyncio.gather(*(outcome(limiter, rule(requests="10/minute")) for _ in range(100)))
    assert (results.count("served"), results.count("rate_exceeded")) == (10, 90)


async def test_one_request_after_another_is_served_exactly_to_the_limit(limiter: Limiter) -> None:
    results = [await outcome(limiter, rule(requests="300/minute")) for _ in range(320)]
    assert results == ["served"] * 300 + ["rate_exceeded"] * 20


async def test_two_workers_serve_exactly_the_limit_together(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as two:
        workers = [Limiter(one), Limiter(two)]

        async def client(number: int) -> list[str]:
            return [await outcome(workers[number % 3 // 2], rule(requests="200/minute")) for _ in range(30)]

        results = [result for some in await asyncio.gather(*map(client, range(10))) for result in some]
        assert results.count("served") == 200
        for worker in workers:
            await worker.close()


async def test_what_one_worker_holds_ahead_comes_back_for_another(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as two:
        workers = [Limiter(one), Limiter(two)]
        first = [await outcome(workers[0], rule(requests="100/minute")) for _ in range(30)]
        second = [await outcome(workers[1], rule(requests="100/minute")) for _ in range(75)]
        assert (first + second).count("served") == 100
        for worker in workers:
            await worker.close()


async def test_a_fast_client_is_mostly_served_without_asking_the_store() -> None:
    store = Watched()
    limiter = Limiter(store)
    for _ in range(2000):
        assert await outcome(limiter, rule(requests="1000000/minute")) == "served"
    assert store.calls < 100
    await limiter.close()


async def test_what_is_held_is_taken_without_waiting_and_never_beyond_the_limit(limiter: Limiter) -> None:
    rules = [rule(requests="40/minute"), rule("points", points="1000/minute")]
    taken: list[Reservation] = []
    waited = 0
    for _ in range(40):
        reservation = limiter.try_reserve(ALICE, rules, [search(points=3)])
        if reservation is None:
            waited += 1
            reservation = await limiter.reserve(ALICE, rules, [search(points=3)])
        taken.append(reservation)
    assert 0 < waited < 40
    assert limiter.try_reserve(ALICE, rules, [search(points=3)]) is None
    assert await outcome(limiter, rules[0]) == "rate_exceeded"
    for reservation in taken:
        limiter.settle(reservation, 3)


async def test_what_cannot_be_taken_whole_is_not_taken_in_part(limiter: Limiter) -> None:
    roomy, narrow = rule(requests="2/minute"), rule("narrow", requests="1/minute")
    await limiter.reserve(ALICE, [roomy], [search()])
    await limiter.reserve(ALICE, [narrow], [search()])
    for _ in range(5):
        assert limiter.try_reserve(ALICE, [roomy, narrow], [search()]) is None
    assert await outcome(limiter, roomy) == "served"


async def test_a_burst_shares_one_call_to_the_store() -> None:
    store = Watched()
    limiter = Limiter(store)
    await asyncio.gather(*(outcome(limiter, rule(requests="50/minute")) for _ in range(50)))
    assert store.calls == 1
    await limiter.close()


async def test_a_spent_limit_is_refused_without_asking_the_store() -> None:
    store = Watched()
    limiter = Limiter(store)
    results = [await outcome(limiter, rule(requests="1/minute")) for _ in range(100)]
    assert results.count("served") == 1
    assert store.calls <= 3
    await limiter.close()


@pytest.mark.parametrize(
    ("operations", "served"),
    [
        pytest.param([search()], 10, id="single"),
        pytest.param([search(count=5)], 2, id="a batch counts its elements"),
        pytest.param([search(), search(count=3)], 2, id="several operations add up"),
        pytest.param([search(count=11)], 0, id="more than the limit never fits"),
        pytest.param([search(count=0)], 10, id="an empty batch is still an operation"),
    ],
)
async def test_every_element_counts(limiter: Limiter, operations: list[Operation], served: int) -> None:
    limit = rule(operations="10/minute")
    results = await asyncio.gather(*(outcome(limiter, limit, *operations) for _ in range(15)))
    assert results.count("served") == served


async def test_what_one_limit_refuses_costs_nothing_elsewhere(limiter: Limiter) -> None:
    both = [rule("wide", requests="10/minute"), rule("narrow", operations="4/minute")]
    for _ in range(4):
        await limiter.reserve(ALICE, both, [search()])
    with pytest.raises(Refusal):
        await limiter.reserve(ALICE, both, [search()])
    results = [await outcome(limiter, both[0]) for _ in range(7)]
    assert results.count("served") == 6


async def test_people_do_not_share_a_bucket_but_tokens_of_one_person_do(limiter: Limiter) -> None:
    limit = rule(requests="1/minute")
    again = Principal(ALICE.issuer, ALICE.subject, fingerprint="another token")
    assert await outcome(limiter, limit) == "served"
    assert await outcome(limiter, limit, who=again) == "rate_exceeded"
    assert await outcome(limiter, limit, who=person("bob")) == "served"
    assert await outcome(limiter, limit, who=Principal("https://other.test/", "alice")) == "served"


async def test_a_refusal_says_when_to_come_back(limiter: Limiter) -> None:
    limit = rule(requests="1/minute")
    reservation = await limiter.reserve(ALICE, [limit], [search()])
    assert reservation.headers["ratelimit"].startswith('"everyone.requests";r=0;t=')
    with pytest.raises(Refusal) as refused:
        await limiter.reserve(ALICE, [limit], [search()])
    headers = refused.value.headers
    assert 55 <= int(headers["retry-after"]) <= 60
    assert headers["ratelimit-policy"] == '"everyone.requests";q=1;w=60'
    assert headers["ratelimit"] == f'"everyone.requests";r=0;t={headers["retry-after"]}'


async def test_nothing_is_refilled_before_the_window_ends() -> None:
    clock = Clock()
    limiter = Limiter(MemoryStore(clock))
    limit = rule(requests="2/minute")
    assert [await outcome(limiter, limit) for _ in range(3)] == ["served", "served", "rate_exceeded"]
    clock.now += 59.9
    assert await outcome(limiter, limit) == "rate_exceeded"
    clock.now += 0.1
    assert [await outcome(limiter, limit) for _ in range(3)] == ["served", "served", "rate_exceeded"]
    await limiter.close()


async def test_a_request_that_was_not_forwarded_costs_nothing(limiter: Limiter) -> None:
    limit = rule(requests="2/minute", operations="4/minute", points="10/minute")
    for _ in range(10):
        limiter.release(await limiter.reserve(ALICE, [limit], [search(count=2, points=10)]))
    reservation = await limiter.reserve(ALICE, [limit], [search(count=4)])
    limiter.settle(reservation, 0)
    limiter.release(reservation)
    assert await outcome(limiter, limit, search()) == "rate_exceeded", "releasing after settling changes nothing"


# Records


async def read(limiter: Limiter, limit: LimitRule, bound: int | None, came: int) -> str:
    try:
        reservation = await limiter.reserve(ALICE, [limit], [search(points=bound)])
    except Refusal as refusal:
        return str(refusal.reason.value)
    await asyncio.sleep(0.002)
    limiter.settle(reservation, came)
    return "served"


async def test_records_are_charged_from_the_answer_until_they_are_spent(limiter: Limiter) -> None:
    results = [await read(limiter, rule(points="10/minute"), 100, 3) for _ in range(6)]
    assert results == ["served"] * 4 + ["budget_exceeded"] * 2


async def test_a_parallel_burst_of_reads_does_not_overrun_the_budget(limiter: Limiter) -> None:
    limit = rule(points="20/minute")
    results = await asyncio.gather(*(read(limiter, limit, 5, 5) for _ in range(50)))
    assert results.count("served") == 4


async def test_reads_of_unknown_size_take_turns_on_a_small_budget(limiter: Limiter) -> None:
    limit = rule(points="20/minute")
    results = await asyncio.gather(*(read(limiter, limit, None, 5) for _ in range(30)))
    assert results.count("served") == 4


async def test_reads_that_return_less_than_they_might_are_all_served(limiter: Limiter) -> None:
    limit = rule(points="100/minute")
    results = await asyncio.gather(*(read(limiter, limit, 60, 2) for _ in range(20)))
    assert results == ["served"] * 20


async def test_two_workers_do_not_overrun_a_budget_together(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as one, opened("sqlite", tmp_path) as two:
        workers = [Limiter(one), Limiter(two)]
        limit = rule(points="60/minute")
        reads = (read(workers[number % 2], limit, 5, 5) for number in range(40))
        assert (await asyncio.gather(*reads)).count("served") == 12
        for worker in workers:
            await worker.close()


async def test_requests_that_return_nothing_go_on_when_the_budget_is_spent(limiter: Limiter) -> None:
    limit = rule(points="3/minute")
    assert await read(limiter, limit, 3, 3) == "served"
    assert await read(limiter, limit, 1, 1) == "budget_exceeded"
    assert await read(limiter, limit, 0, 0) == "served"


async def test_a_request_that_waits_for_a_person_holds_no_records(limiter: Limiter) -> None:
    limit = rule(points="10/minute", requests="3/minute")
    held = await limiter.reserve(ALICE, [limit], [search(points=10)])
    limiter.park(held)
    assert await read(limiter, limit, 10, 8) == "served"
    await limiter.resume(held)
    limiter.settle(held, 2)
    assert await read(limiter, limit, 1, 1) == "budget_exceeded"


async def test_a_parked_request_is_refused_if_the_budget_was_spent_meanwhile(limiter: Limiter) -> None:
    limit = rule(points="10/minute")
    held = await limiter.reserve(ALICE, [limit], [search(points=10)])
    limiter.park(held)
    assert await read(limiter, limit, 10, 10) == "served"
    with pytest.raises(Refusal) as refused:
        await limiter.resume(held)
    assert refused.value.reason is Reason.BUDGET_EXCEEDED


# What goes wrong


async def test_a_store_that_is_down_refuses() -> None:
    store = Watched()
    limiter = Limiter(store)
    store.broken = True
    assert await outcome(limiter, rule(requests="5/minute")) == "state_unavailable"
    store.broken = False
    assert await outcome(limiter, rule(requests="5/minute")) == "served"
    await limiter.close()


async def test_a_client_that_leaves_while_it_waits_does_not_disturb_others(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as store:
        limiter = Limiter(store)
        limit = rule(requests="10/minute")
        tasks = [asyncio.create_task(outcome(limiter, limit)) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[:5]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert results.count("served") == 5
        assert [await outcome(limiter, limit) for _ in range(6)].count("served") == 5
        await limiter.close()


async def test_closing_gives_back_what_is_held(tmp_path: Path) -> None:
    async with opened("sqlite", tmp_path) as store:
        limiter = Limiter(store)
        served = [await outcome(limiter, rule(requests="100/minute")) for _ in range(30)]
        await limiter.close()
        after = Limiter(store)
        served += [await outcome(after, rule(requests="100/minute")) for _ in range(80)]
        assert served.count("served") == 100
        await after.close()


async def test_closing_wakes_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(MemoryStore):
        async def claim(self, worker: str, claims: Sequence[Claim]) -> list[Share]:
            if claims[0].want:
                await asyncio.sleep(60)
            return await super().claim(worker, claims)

    limiter = Limiter(Stuck())
    waiting = [asyncio.create_task(outcome(limiter, rule(requests="5/minute"))) for _ in range(2)]
    await asyncio.sleep(0.01)
    waiting.append(asyncio.create_task(outcome(limiter, rule(requests="5/minute"))))
    await asyncio.sleep(0.01)
    await limiter.close()
    assert await asyncio.gather(*waiting) == ["state_unavailable"] * 3


async def test_memory_is_bounded_and_nothing_is_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BUCKETS", 10)
    clock = Clock()
    limiter = Limiter(MemoryStore(clock))
    limit = rule(requests="1/day")
    for number in range(50):
        assert await outcome(limiter, limit, who=person(f"p{number}")) == "served"
        clock.now += module._FORGET
    assert len(limiter._buckets) <= 21
    assert await outcome(limiter, limit, who=person("p0")) == "rate_exceeded"
    await limiter.close()


async def test_a_forgotten_reservation_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BUCKETS", 1)
    clock = Clock()
    limiter = Limiter(MemoryStore(clock))
    limit = rule(requests="1/day")
    held: Reservation = await limiter.reserve(ALICE, [limit], [search()])
    while limiter._held:
        clock.now += 1
        await asyncio.sleep(0.01)
    clock.now += module._FORGET + 1
    await outcome(limiter, limit, who=person("bob"))
    assert await outcome(limiter, limit) == "rate_exceeded"
    limiter.release(held)
    assert await outcome(limiter, limit) == "rate_exceeded"
    await limiter.close()


@pytest.mark.real
async def test_two_processes_serve_exactly_the_limit_together(tmp_path: Path) -> None:
    """Also where one of them is asked far more often than the other."""
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.support.state import opened\n"
        "from tests.vecgate.limits.test_limiter import outcome, rule\n"
        "from vecgate.limits.limiter import Limiter\n"
        "async def main(folder, attempts):\n"
        "    async with opened('sqlite', Path(folder)) as store:\n"
        "        limiter, limit = Limiter(store), rule(requests='300/minute')\n"
        "        sys.stdin.readline()\n"
        "        results = []\n"
        "        for _ in range(0, int(attempts), 20):\n"
        "            results += await asyncio.gather(*(outcome(limiter, limit) for _ in range(20)))\n"
        "        await limiter.close()\n"
        "    print(results.count('served'), results.count('rate_exceeded'))\n"
        "asyncio.run(main(*sys.argv[1:]))\n"
    )
    environment = {"PYTHONPATH": str(Path(__file__).parents[3])}
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, str(tmp_path), str(attempts)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        for attempts in (400, 100)
    ]
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    served = [int(answer.split()[0]) for answer, _ in answers]
    assert sum(served) == 300


def acting(*groups: str) -> Principal:
    return Principal(ALICE.issuer, ALICE.subject, actors=(person("bot", *groups),))


@pytest.mark.parametrize("to", [None, {"groups": ["agents"]}], ids=["everyone's", "agents'"])
async def test_who_acts_is_counted_for_whomever_it_acts(limiter: Limiter, to: dict[str, list[str]] | None) -> None:
    limit = LimitRule.model_validate({"name": "few", "requests": "2/minute", "to": to or {}})
    bob = Principal(ALICE.issuer, "bob", actors=acting("agents").actors)
    assert await outcome(limiter, limit, who=acting("agents")) == "served"
    assert await outcome(limiter, limit, who=bob) == "served"
    assert await outcome(limiter, limit, who=bob) == "rate_exceeded"


async def test_an_agent_does_not_widen_a_persons_limit(limiter: Limiter) -> None:
    limit = LimitRule.model_validate({"name": "few", "requests": "2/minute", "to": {"subjects": ["alice"]}})
    assert await outcome(limiter, limit) == "served"
    assert await outcome(limiter, limit, who=acting()) == "served"
    assert await outcome(limiter, limit) == "rate_exceeded"


async def test_one_limit_on_several_shows_who_has_least_left(limiter: Limiter) -> None:
    limit = rule("few", requests="9/minute")
    await limiter.reserve(person("bot", "agents"), [limit], (search(),))
    made = await limiter.reserve(acting("agents"), [limit], (search(),))
    assert made.headers["ratelimit-policy"] == '"few.requests";q=9;w=60'
    assert made.headers["ratelimit"].startswith('"few.requests";r=7;')
