"""``python -m hyperdust.wire.conformance tcp://HOST:PORT``: does a server keep to the protocol?

Each check talks to the server over connections of its own and prints a line; the exit status is 1 where one failed. It needs pyzmq
(``pip install "hyperdust[wire]"``). The server is used as any client uses it: sessions are opened and closed, nothing else
changes, and SHUTDOWN is not tried. What a server does not offer to this client (a right, a role) is skipped and said.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

try:
    from hyperdust.wire import peer as wire
except ImportError as missing:
    sys.exit(f'the conformance suite needs pyzmq ({missing}): pip install "hyperdust[wire]"')
import numpy as np

from hyperdust.wire.peer import Keys, Peer, Session

FIRST = {"seeds": {"first": 7}, "mask": False}
SIZES = {"float32": 4, "float64": 8, "int32": 4, "uint32": 4, "uint8": 1, "bool": 1}


class Skip(Exception):
    """The server does not offer this here."""


@dataclass
class Server:
    """Where it is, and a scene to try things with."""

    address: str
    scene: str
    timeout: float
    keys: Keys | None = None

    def peer(self) -> Peer:
        """A new connection."""
        return Peer(self.address, self.timeout, self.keys)

    def session(self, **options: Any) -> Session:
        """A new session on a connection of its own."""
        return Session(self.peer(), self.scene, **options)


Check = Callable[[Server], None]
CHECKS: list[tuple[str, str, Check]] = []


def check(group: str, what: str) -> Callable[[Check], Check]:
    """Adds a function to the checks."""

    def add(function: Check) -> Check:
        CHECKS.append((group, what, function))
        return function

    return add


def lives(peer: Peer) -> None:
    """The connection still answers."""
    assert peer.good(wire.PING).frames == [], "PING is answered by its header alone"


# --- headers and versions -----------------------------------------------------------------------------


@check("connection", "HELLO says version, kernel, role and limits")
def hello(server: Server) -> None:
    said = server.peer().hello()
    assert said["version"] == wire.VERSION and said["role"] in ("agent", "companion", "operator")
    assert said["kernel"] > 0 and isinstance(said["draining"], bool)
    assert said["limits"].keys() >= {"lanes", "sessions", "pipeline", "data", "heartbeat_ms", "silence_ms", "resume_ms"}
    assert all(value > 0 for value in said["limits"].values())


@check("connection", "versions: the common one is taken, none in common is refused with a list")
def versions(server: Server) -> None:
    peer = server.peer()
    assert peer.good(wire.HELLO, [{"versions": [999, wire.VERSION], "client": ""}]).json["version"] == wire.VERSION
    assert wire.VERSION in peer.refused({"version"}, wire.HELLO, [{"versions": [999], "client": ""}])["versions"]
    assert wire.VERSION in peer.refused({"version"}, wire.PING, version=999)["versions"]
    lives(peer)


@check("connection", "PING before HELLO is answered; HELLO again is answered")
def unordered(server: Server) -> None:
    peer = server.peer()
    lives(peer)
    assert peer.hello() == peer.hello()


@check("connection", "frames that are no message get no answer, and harm nobody")
def noise(server: Server) -> None:
    peer = server.peer()
    for frames in ([b""], [b"HYPD"], [b"x" * 24], [b"x" * 25], [b"", b"HYPD"], [b"HYPD" + b"\xff" * 21]):
        peer.socket.send_multipart(frames)
    assert peer.receive(0.3) is None, "something that has no header was answered"
    lives(peer)


@check("connection", "unknown kinds, replies, request 0 and missing sessions are malformed")
def headers(server: Server) -> None:
    peer = server.peer()
    for kind in (0, 5, 500, 0x7FFF):
        assert peer.refused({"malformed"}, kind)
    for kind in (wire.PING | wire.REPLY, wire.ERROR, wire.NOTICE):
        number = peer.send(kind)
        answer = peer.receive()
        assert answer is not None and (answer.code, answer.request) == ("malformed", number), f"{kind:#06x}: {answer}"
    peer.refused({"malformed"}, wire.PING, number=0)
    peer.refused({"malformed"}, wire.STEP)
    peer.refused({"malformed"}, wire.PING, session=1)
    lives(peer)


@check("connection", "frames too many or too few are malformed")
def frames(server: Server) -> None:
    peer = server.peer()
    peer.refused({"malformed"}, wire.PING, [b""])
    peer.refused({"malformed"}, wire.HELLO)
    peer.refused({"malformed"}, wire.HELLO, [{"versions": [1], "client": ""}, b""])
    peer.refused({"malformed"}, wire.POLICY_ACT, [{"name": "x"}])
    lives(peer)


@check("connection", "JSON that is none, has unknown keys or values out of bounds is malformed; too long is too_large")
def control(server: Server) -> None:
    peer = server.peer()
    for bad in (b"", b"{", b"[]", b"\xff", b'{"versions": [1]}', {"versions": [1], "client": "", "more": 1}):
        peer.refused({"malformed"}, wire.HELLO, [bad])
    for bad in ({"versions": [], "client": ""}, {"versions": [1], "client": "\n"}, {"versions": [70000], "client": ""}):
        peer.refused({"malformed"}, wire.HELLO, [bad])
    peer.refused({"too_large"}, wire.HELLO, [b" " * ((64 << 10) + 1)])
    peer.refused({"malformed"}, wire.HELLO, [b"[" * 60_000])
    lives(peer)


@check("connection", "SCENES lists names, blueprints, parameters")
def scenes(server: Server) -> None:
    listed = server.peer().good(wire.SCENES).json["scenes"]
    assert server.scene in [scene["name"] for scene in listed]
    for scene in listed:
        assert len(scene["blueprint"]) == 66 and scene["tier"] in ("provable", "attested")


# --- sessions -----------------------------------------------------------------------------------------


@check("session", "OPEN fixes a layout that follows from what it says")
def layout(server: Server) -> None:
    for mode in ("NextStep", "SameStep", "Disabled"):
        opened = server.session(autoreset=mode).opened
        lanes, size, fields = opened["num_envs"], 0, opened["layout"]["batch"]["fields"]
        expected = [("observation", spec["name"], spec["dtype"], spec["shape"]) for spec in opened["observations"]]
        expected += [("reward", "", "float64", []), ("episode_return", "", "float64", [])]
        expected += [("info", name, "float32", []) for name in opened["infos"]]
        expected += [("episode_length", "", "uint32", []), ("fault_body", "", "int32", []), ("fault", "", "uint8", [])]
        flags = ("terminated", "truncated", "info_mask", "final_mask", "episode_mask")
        expected += [(part, "", "bool", []) for part in flags]
        assert len(fields) == len(expected)
        for field, (part, name, dtype, shape) in zip(fields, expected, strict=True):
            want = {"part": part, "name": name, "dtype": dtype, "shape": [lanes, *shape], "offset": size}
            assert field == want, f"{field} is not {want}"
            size += -(-int(np.prod([lanes, *shape])) * SIZES[dtype] // 8) * 8
        assert opened["layout"]["batch"]["size"] == size
        assert (opened["layout"].get("finals") is not None) == (mode == "SameStep")


@check("session", "OPEN refuses unknown scenes, parameters, modes and numbers of lanes")
def opening(server: Server) -> None:
    peer = server.peer()
    good = {"scene": server.scene, "num_envs": 1, "autoreset": "NextStep"}
    peer.refused({"not_found"}, wire.OPEN, [{**good, "scene": "no-such-scene"}])
    peer.refused({"invalid"}, wire.OPEN, [{**good, "parameters": {"no_such_parameter": 1}}])
    for bad in ({"num_envs": 0}, {"num_envs": -1}, {"num_envs": 1 << 40}, {"autoreset": "sometimes"}, {"pipeline": 0}, {"x": 1}):
        peer.refused({"malformed"}, wire.OPEN, [{**good, **bad}])
    peer.refused({"malformed"}, wire.OPEN, [{"num_envs": 1}])
    lives(peer)


@check("session", "a step before the first reset is needs_reset and uses its number up")
def early(server: Server) -> None:
    session = server.session()
    assert session.ask(wire.STEP, session.actions(np.random.default_rng(0))).code == "needs_reset"
    session.reset()
    session.close()


@check("session", "the three ways of seeding agree; a mask resets its lanes alone")
def seeding(server: Server) -> None:
    one, other = server.session(), server.session()
    seeds, given = np.arange(7, 10, dtype="<u8"), np.ones(3, dtype="u1")
    first = one.good(wire.RESET, [FIRST])
    assert first.frames == other.good(wire.RESET, [{"seeds": "each", "mask": False}, seeds, given]).frames
    rng = np.random.default_rng(0)
    before = one.arrays(one.step(rng))
    after = one.arrays(one.good(wire.RESET, [{"seeds": "continue", "mask": True}, np.array([0, 1, 0], dtype="u1")]))
    assert after["info_mask", ""].tolist() == [False, True, False]
    for (part, name), array in before.items():
        if part == "observation":
            assert array[[0, 2]].tobytes() == after[part, name][[0, 2]].tobytes(), "a lane outside the mask changed"
    one.close(), other.close()


@check("session", "wrong seeds and masks are refused")
def bad_resets(server: Server) -> None:
    session = server.session()
    for frames in (
        [{"seeds": "each", "mask": False}, b"\0" * 8, b"\1"],
        [{"seeds": "continue", "mask": True}, b"\1"],
        [{"seeds": "continue", "mask": True}, b"\0\0\0"],
    ):
        code = session.peer.ask(wire.RESET, frames, number=session.next, session=session.id).code
        assert code in ("invalid", "malformed"), f"{frames}: {code}"
        session.next += code == "invalid"
    session.peer.refused({"malformed"}, wire.RESET, [{"seeds": "never"}], number=session.next, session=session.id)
    mask = [{"seeds": "continue", "mask": True}, b"\1\2\1"]
    session.peer.refused({"malformed"}, wire.RESET, mask, number=session.next, session=session.id)
    session.reset()
    session.close()


@check("session", "same seeds and actions give the same bytes")
def deterministic(server: Server) -> None:
    runs = []
    for _ in range(2):
        session, rng = server.session(), np.random.default_rng(1)
        runs.append([session.reset().frames, *(session.step(rng).frames for _ in range(50))])
        session.close()
    assert runs[0] == runs[1]


@check("session", "with same-step autoreset a second frame comes exactly with final_mask")
def finals(server: Server) -> None:
    session, rng = server.session(autoreset="SameStep", max_episode_steps=4), np.random.default_rng(2)
    session.reset()
    seen = 0
    for _ in range(12):
        answer = session.step(rng)
        ended = bool(session.arrays(answer)["final_mask", ""].any())
        assert len(answer.frames) == 1 + ended
        if ended:
            assert len(answer.frames[1]) == session.opened["layout"]["finals"]["size"]
        seen += ended
    assert seen >= 3
    session.close()


@check("session", "a NaN, a missing or a short action is refused, and steps nothing")
def bad_actions(server: Server) -> None:
    session, twin = server.session(), server.session()
    session.reset(), twin.reset()
    good = session.actions(np.random.default_rng(3))
    floats = [index for index, spec in enumerate(session.opened["actions"]) if spec["dtype"].startswith("float")]
    bad = [good[:-1], [*good, good[0]], [*good[:-1], good[-1].tobytes()[:-1]], [*good[:-1], b""]]
    if floats:
        bad.append([np.full_like(array, np.nan) if index == floats[0] else array for index, array in enumerate(good)])
    for frames in bad:
        code = session.peer.ask(wire.STEP, frames, number=session.next, session=session.id).code
        assert code in ("invalid", "malformed"), f"{code}"
        session.next += code == "invalid"
    assert session.good(wire.STEP, good).frames == twin.good(wire.STEP, good).frames
    session.close(), twin.close()


@check("session", "CLOSE counts steps; afterwards the session is unknown")
def closing(server: Server) -> None:
    session, rng = server.session(), np.random.default_rng(4)
    session.reset()
    session.step(rng)
    assert session.good(wire.CLOSE).json.keys() == {"steps", "episodes"}
    gone = {"unknown_session", "detached"}
    session.peer.refused(gone, wire.STEP, session.actions(rng), number=session.next, session=session.id)
    session.peer.refused(gone, wire.STEP, session.actions(rng), number=1, session=(1 << 64) - 1)
    resume = {"session": session.id, "token": session.opened["token"], "answered": 0}
    session.peer.refused({"unknown_session"}, wire.RESUME, [resume])


# --- at most once -------------------------------------------------------------------------------------


@check("at most once", "a duplicate gets the same bytes again and does not act")
def duplicates(server: Server) -> None:
    session, twin, rng = server.session(), server.session(), np.random.default_rng(5)
    session.reset(), twin.reset()
    for _ in range(3):
        actions = session.actions(rng)
        answer = session.good(wire.STEP, actions)
        assert answer.frames == twin.good(wire.STEP, actions).frames
        again = session.peer.good(wire.STEP, session.actions(rng), number=session.next - 1, session=session.id)
        assert again.frames == answer.frames, "the same number got another answer"
    session.close(), twin.close()


@check("at most once", "a number that is too new is an error of order that says which is next; an old one acts no more")
def order(server: Server) -> None:
    session, rng = server.session(), np.random.default_rng(6)
    session.reset()
    actions = session.actions(rng)
    said = session.peer.refused({"order"}, wire.STEP, actions, number=session.next + 5, session=session.id)
    assert said["next"] == session.next and said["retryable"]
    for _ in range(5):
        session.step(rng)
    answer = session.peer.ask(wire.RESET, [FIRST], number=1, session=session.id)
    assert answer.code in ("forgotten", None), f"{answer.code}"
    session.step(rng)
    session.close()


@check("at most once", "as many requests as agreed may be under way; answers come in order")
def pipelining(server: Server) -> None:
    session, twin, rng = server.session(pipeline=4), server.session(), np.random.default_rng(7)
    depth = session.opened["pipeline"]
    session.reset(), twin.reset()
    sent = [session.actions(rng) for _ in range(depth)]
    for index, actions in enumerate(sent):
        session.peer.send(wire.STEP, actions, number=session.next + index, session=session.id)
    for index, actions in enumerate(sent):
        answer = session.peer.receive()
        assert answer is not None and answer.request == session.next + index, f"{index}: {answer}"
        assert answer.frames == twin.good(wire.STEP, actions).frames
    session.next += depth
    session.close(), twin.close()


# --- going on -----------------------------------------------------------------------------------------


@check("resumption", "RESUME goes on where the session was, on another connection; the old one is told")
def resume(server: Server) -> None:
    session, twin, rng = server.session(), server.session(), np.random.default_rng(8)
    session.reset(), twin.reset()
    actions = session.actions(rng)
    answer, _ = session.good(wire.STEP, actions), twin.good(wire.STEP, actions)
    old, session.peer = session.peer, server.peer()
    asked = {"session": session.id, "token": session.opened["token"], "answered": session.next - 1}
    resumed = session.peer.good(wire.RESUME, [asked]).json
    assert resumed["next"] == session.next
    for name in ("session", "scene", "blueprint", "num_envs", "layout", "actions", "observations"):
        assert resumed["opened"][name] == session.opened[name], name
    again = session.peer.good(wire.STEP, actions, number=session.next - 1, session=session.id)
    assert again.frames == answer.frames, "what was answered before is not answered alike"
    old.refused({"detached"}, wire.STEP, actions, number=session.next, session=session.id)
    told = [notice.json["notice"] for notice in old.notices if notice.session == session.id]
    assert told == ["detached"], f"the old connection was told {told}"
    actions = session.actions(rng)
    assert session.good(wire.STEP, actions).frames == twin.good(wire.STEP, actions).frames
    session.close(), twin.close()


@check("resumption", "a wrong token or session resumes nothing")
def bad_token(server: Server) -> None:
    session, peer = server.session(), server.peer()
    asked = {"session": session.id, "token": "0x" + "00" * 16, "answered": 0}
    peer.refused({"bad_token", "unknown_session"}, wire.RESUME, [asked])
    unknown = {**asked, "session": (1 << 63) + 1, "token": session.opened["token"]}
    peer.refused({"bad_token", "unknown_session"}, wire.RESUME, [unknown])
    peer.refused({"malformed"}, wire.RESUME, [{**asked, "token": "0x00"}])
    session.reset()  # still the first connection's
    session.close()


@check("resumption", "another connection's session is out of reach")
def foreign(server: Server) -> None:
    session, peer = server.session(), server.peer()
    session.reset()
    for kind in (wire.STEP, wire.CLOSE, wire.SNAPSHOT):
        frames = session.actions(np.random.default_rng(0)) if kind == wire.STEP else []
        peer.refused({"detached", "unknown_session", "forbidden"}, kind, frames, number=session.next, session=session.id)
    session.close()


# --- rights and everything else -------------------------------------------------------------------------


@check("state", "SNAPSHOT and RESTORE bring a session back, where the role may")
def state(server: Server) -> None:
    session, rng = server.session(), np.random.default_rng(9)
    session.reset()
    if "state" not in session.opened["rights"]:
        session.peer.refused({"forbidden"}, wire.SNAPSHOT, number=session.next, session=session.id)
        raise Skip("this client has no right to states; SNAPSHOT is forbidden, as it should be")
    saved = session.good(wire.SNAPSHOT).frames[0]
    actions = [session.actions(rng) for _ in range(5)]
    first = [session.good(wire.STEP, each).frames for each in actions]
    session.good(wire.RESTORE, [saved])
    assert first == [session.good(wire.STEP, each).frames for each in actions]
    code = session.peer.ask(wire.RESTORE, [saved[:-1]], number=session.next, session=session.id).code
    assert code == "invalid", f"a cut state: {code}"
    session.next += 1
    session.close()


@check("lists", "EPISODES pages; an unknown EPISODE is not found")
def episodes(server: Server) -> None:
    peer = server.peer()
    page = peer.good(wire.EPISODES, [{"limit": 2}]).json
    assert page.keys() == {"episodes", "more"} and len(page["episodes"]) <= 2
    peer.refused({"not_found"}, wire.EPISODE, [{"id": "0x" + "00" * 32}])
    peer.refused({"malformed"}, wire.EPISODE, [{"id": "0x00"}])
    if page["episodes"]:
        summary = page["episodes"][0]
        said, raw = peer.good(wire.EPISODE, [{"id": summary["id"]}]).frames
        assert json.loads(said) == summary and len(raw) == summary["bytes"] and raw[:4] == b"HDEP"


@check("lists", "an unknown policy is not found; jobs are for companions")
def others(server: Server) -> None:
    peer = server.peer()
    role = peer.hello()["role"]
    peer.refused({"not_found"}, wire.POLICY_OPEN, [{"name": "no-such-policy"}])
    if role == "agent":
        peer.refused({"forbidden"}, wire.JOBS)
        peer.refused({"forbidden"}, wire.SHUTDOWN)
    lives(peer)


def run(server: Server) -> list[tuple[str, str, str, str]]:
    """Group, check, "ok" or "FAILED" or "skipped", and why, of every check."""
    results = []
    for group, what, function in CHECKS:
        outcome, why = "ok", ""
        try:
            function(server)
        except Skip as skip:
            outcome, why = "skipped", str(skip)
        except AssertionError as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            outcome, why = "FAILED", str(error) or f"{line.name}, line {line.lineno}: {line.line}"
        except Exception as error:  # noqa: BLE001  (whatever a server's answer leads to is that check's failure)
            outcome, why = "FAILED", f"{type(error).__name__}: {error}"
        results.append((group, what, outcome, why))
    return results


def main(arguments: list[str] | None = None) -> int:
    """Prints the table, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hyperdust.wire.conformance", description=__doc__.split("\n")[0])
    parser.add_argument("address", help="tcp://HOST:PORT or ipc://PATH")
    parser.add_argument("--scene", default="cartpole", help="a scene of the server's (cartpole)")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds that an answer may take (10)")
    parser.add_argument("--server-key", help="the server's public key, beyond one machine")
    parser.add_argument("--key", help="file with your own pair (hyperdust keys new)")
    parser.add_argument("--json", action="store_true", help="results as JSON")
    options = parser.parse_args(arguments)
    if (options.server_key is None) != (options.key is None):
        parser.error("--server-key and --key go together")
    keys = Keys.load(options.server_key, options.key) if options.key else None
    server = Server(options.address, options.scene, options.timeout, keys)
    try:
        said = server.peer().hello()
    except AssertionError as error:
        print(f"error: {options.address}: {error}", file=sys.stderr)
        return 1
    results = run(server)
    failed = sum(outcome == "FAILED" for _, _, outcome, _ in results)
    if options.json:
        rows = [dict(zip(("group", "check", "result", "why"), row, strict=True)) for row in results]
        print(json.dumps({"server": said["server"], "role": said["role"], "failed": failed, "checks": rows}, indent=1))
    else:
        print(f"{options.address}: {said['server']}, protocol {said['version']}, as {said['role']}, scene {options.scene}")
        for group, what, outcome, why in results:
            print(f"{outcome:<8} {group:<13} {what}" + (f"\n{'':<23}{why}" if why else ""))
        skipped = sum(outcome == "skipped" for _, _, outcome, _ in results)
        print(f"{len(results) - failed - skipped} ok, {skipped} skipped, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
