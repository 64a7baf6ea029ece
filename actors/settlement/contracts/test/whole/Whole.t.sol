// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Lists} from "../../src/market/Lists.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Disputes} from "../../src/proof/Disputes.sol";
import {Rules} from "../../src/proof/Rules.sol";
import {Trees} from "../market/Trees.sol";
import {World} from "../market/World.sol";
import {Tape} from "../proof/Tape.sol";

/// @notice The market with the real games, from the deposit to the last withdrawal: every adversary that Rust has by name plays on the chain about the claim of
/// a session, and everybody has what is theirs in the end. A false claim falls unless its provider plays against itself, a true one is paid, and
/// in neither case does it matter how many games there are at once.
contract WholeTest is World, Tape {
    uint256 private constant DEPOSIT = 0.2 ether;
    uint256 private constant FEE = 0.1 ether;
    bytes32 private constant LANE = "hyperdust lane claim";

    /// @dev The adversary of each game of the file, as `actors/proof/tests/it/arena/matrix.rs` names and orders them.
    string[31] private names = [
        "liar",
        "liar whose output is not used",
        "liar at the last second",
        "liar too late",
        "liar who concedes",
        "silent liar",
        "silent after the graph",
        "silent after the opening",
        "silent after the trace",
        "unbalanced: a root too few",
        "unbalanced: a root too many",
        "noise",
        "freeloading provider",
        "poisoned opening",
        "no steps",
        "one step",
        "a step too few",
        "a step too many",
        "the most steps",
        "too many steps",
        "liar as a challenger",
        "liar as a challenger, at the last second",
        "liar as a challenger, too late",
        "always attack",
        "always defend",
        "a piece that does not exist",
        "silent challenger",
        "challenger silent after a choice",
        "freeloading challenger",
        "cheating challenger",
        "a Sybil who loses on purpose"
    ];
    uint256 private constant CONCEDES = 4;
    uint256 private constant FIRST_TRUE = 20;
    uint256 private constant SYBIL = 30;

    /// @dev A game that is played.
    struct Seat {
        uint256 which;
        bytes32 session;
        address challenger;
        uint256 game;
        uint256 place;
        uint256 left;
        Rules.State state;
        bytes32[] posted;
    }

    Seat[] private seats;
    /// @dev Where each game is in the file.
    uint256[] private places;
    /// @dev The lane that is claimed next.
    IClaims.Lane private lane;

    function setUp() public override {
        super.setUp();
        vm.warp(5000);
        bytes memory file = tape();
        for (uint256 place = 0; place < file.length;) {
            places.push(place);
            Game memory g = gameAt(file, place);
            yes(g.budget == 1000 && g.extension == 50 && g.filed == 5000, "the clocks of all games");
            place = g.place;
            for (uint256 i = 0; i < g.moves; ++i) {
                place = nextMove(file, place);
            }
            place += 32;
        }
        same(places.length, names.length, "games");
        recorder.recordLogs();
    }

    function outputGames(IClaims claims) internal override returns (address) {
        disputes = new Disputes(claims, Disputes.Parameters(uint128(BOND), uint128(MOVE), 1000, 50));
        return address(disputes);
    }

    function tape() private view returns (bytes memory) {
        return files.readFileBinary(string.concat(files.projectRoot(), "/test/proof/vectors/games-0.bin"));
    }

    function commitmentOf(bytes32 session) internal view override returns (bytes32) {
        bytes32[] memory items = new bytes32[](1);
        bytes32 job = sessions.jobOf(session, 0);
        items[0] = keccak256(abi.encode(LANE, job, lane.plan, lane.claim, uint256(lane.nodes)));
        return Trees.root(Lists.CLAIMS, items);
    }

    /// @dev A session whose claim is the one that a game is about.
    function claimedFor(bytes memory file, uint256 which) private returns (bytes32 session) {
        Game memory g = gameAt(file, places[which]);
        lane = IClaims.Lane(0, g.plan, g.claim, g.nodes);
        session = open(DEPOSIT, false);
        claim(session, FEE);
    }

    /// @dev `by` disputes the session's claim, and will play as in game `which`.
    function sit(bytes memory file, uint256 which, bytes32 session, address by) private {
        Game memory g = gameAt(file, places[which]);
        vm.deal(by, 100 ether);
        vm.prank(by);
        uint256 game = disputes.file{value: BOND}(
            session, IClaims.Lane(0, g.plan, g.claim, g.nodes), new bytes32[](0)
        );
        Seat storage seat = seats.push();
        (seat.which, seat.session, seat.challenger, seat.game) = (which, session, by, game);
        (seat.place, seat.left, seat.state) = (g.place, g.moves, latest());
    }

    /// @dev Plays all games to their ends, whichever is next in time.
    function playAll(bytes memory file) private {
        uint256[] memory at = new uint256[](seats.length);
        for (uint256 i = 0; i < at.length; ++i) {
            at[i] = skip(file, seats[i]);
        }
        while (true) {
            uint256 next = 0;
            for (uint256 i = 1; i < at.length; ++i) {
                if (at[i] < at[next]) next = i;
            }
            if (at[next] == type(uint256).max) return;
            vm.warp(at[next]);
            step(file, seats[next]);
            at[next] = skip(file, seats[next]);
        }
    }

    /// @dev When the next move is that the rules accept; never, where there is none.
    function skip(bytes memory file, Seat storage seat) private returns (uint256) {
        for (; seat.left > 0; --seat.left) {
            if (number(file, seat.place + 96) == 1) return number(file, seat.place + 32);
            seat.place = nextMove(file, seat.place);
        }
        return type(uint256).max;
    }

    function step(bytes memory file, Seat storage seat) private {
        Move memory m = moveAt(file, seat.place);
        bytes memory data = call(seat.game, m, seat.state, seat.posted);
        vm.prank(m.byProvider ? provider : seat.challenger);
        (bool done,) = address(disputes).call{value: stakeOf(m)}(data);
        yes(done, names[seat.which]);
        if (m.kind == 1) seat.posted = roots(m.shown);
        (seat.state, seat.place) = (latest(), m.next);
        --seat.left;
    }

    function collect(uint256 i) private {
        Seat storage seat = seats[i];
        yes(seat.state.outcome != Rules.Outcome.None, names[seat.which]);
        disputes.collect(seat.game, seat.state);
    }

    /// @dev Everybody fetches what they are owed. Nothing stays where games and deposits were, and of bonds what is the provider's, or burnt.
    function leave(address[] memory all) private {
        for (uint256 i = 0; i < all.length; ++i) {
            vm.startPrank(all[i]);
            if (sessions.owed(NATIVE, all[i]) > 0) sessions.withdraw(NATIVE, all[i]);
            if (providers.owed(NATIVE, all[i]) > 0) providers.withdraw(NATIVE, all[i]);
            if (disputes.owed(NATIVE, all[i]) > 0) disputes.withdraw(NATIVE, all[i]);
            vm.stopPrank();
        }
        same(address(sessions).balance, 0, "Sessions");
        same(address(disputes).balance, 0, "Disputes");
        (uint96 bond, uint96 reserved,,) = providers.bondOf(provider, NATIVE);
        same(reserved, 0, "no session is left");
        same(address(providers).balance, uint256(bond) + providers.burnt(NATIVE), "Providers");
    }

    function everybody() private view returns (address[] memory all) {
        all = new address[](3 + seats.length);
        (all[0], all[1], all[2]) = (user, provider, author);
        for (uint256 i = 0; i < seats.length; ++i) {
            all[3 + i] = seats[i].challenger;
        }
    }

    /// @notice Each adversary alone, to the payout. Those that lie lose all that stood behind the claim, and the one that concedes ten fees; those that dispute
    /// what is true lose their bonds to the provider, which is paid.
    function test_every_adversary_to_the_payout() public {
        bytes memory file = tape();
        for (uint256 which = 0; which < names.length; ++which) {
            vm.warp(5000);
            one(file, which);
        }
        leave(everybody());
    }

    function one(bytes memory file, uint256 which) private {
        bytes32 session = claimedFor(file, which);
        vm.deal(provider, 100 ether);
        (uint96 bonded,,,) = providers.bondOf(provider, NATIVE);
        (uint256 had, uint256 users) = (provider.balance + paid(provider), paid(user));
        sit(file, which, session, address(uint160(0xC000 + which)));
        playAll(file);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooEarly.selector, 5000 + WINDOW + 1));
        sessions.finalise(session);
        collect(which);
        uint256 penalty = which >= FIRST_TRUE ? 0 : which == CONCEDES ? CONCESSION * FEE : RATIO * DEPOSIT;
        (uint96 left,,,) = providers.bondOf(provider, NATIVE);
        same(bonded - left, penalty, names[which]);
        if (which >= FIRST_TRUE) won(file, which, had, users);
        else lost(file, which, penalty, users);
    }

    /// @dev The provider has won: it has the challenger's bond, all that was put up for moves, and its fee.
    function won(bytes memory file, uint256 which, uint256 had, uint256 users) private {
        Seat storage seat = seats[which];
        same(uint256(seat.state.outcome), uint256(Rules.Outcome.Challenger), names[which]);
        vm.warp(5000 + WINDOW + 1);
        sessions.finalise(seat.session);
        uint256 gained = provider.balance + paid(provider) - had;
        same(gained, BOND + seat.state.pot - ofProvider(file, which) + FEE * 63 / 100, names[which]);
        same(paid(user) - users, DEPOSIT - FEE * 9 / 10, names[which]);
    }

    /// @dev It has lost: the challenger has its bond, all that was put up for moves, and its share of what was taken; the user, its deposit.
    function lost(bytes memory file, uint256 which, uint256 penalty, uint256 users) private view {
        Seat storage seat = seats[which];
        Rules.Outcome accepted = which == CONCEDES ? Rules.Outcome.Conceded : Rules.Outcome.Provider;
        same(uint256(seat.state.outcome), uint256(accepted), names[which]);
        same(uint256(status(seat.session)), uint256(ISessions.Status.Ended), names[which]);
        uint256 has = seat.challenger.balance + paid(seat.challenger);
        same(has, 100 ether + penalty / 2 + ofProvider(file, which), names[which]);
        same(paid(user) - users, DEPOSIT, names[which]);
    }

    /// @dev What an account is owed.
    function paid(address account) private view returns (uint256) {
        return sessions.owed(NATIVE, account) + providers.owed(NATIVE, account) + disputes.owed(NATIVE, account);
    }

    /// @dev What the provider put up for its moves in a game.
    function ofProvider(bytes memory file, uint256 which) private view returns (uint256 sum) {
        Game memory g = gameAt(file, places[which]);
        uint256 place = g.place;
        for (uint256 i = 0; i < g.moves; ++i) {
            (bool byProvider, uint256 kind) = (number(file, place) == 0, number(file, place + 64));
            if (number(file, place + 96) == 1 && byProvider && (kind == 1 || kind == 3)) sum += MOVE;
            place = nextMove(file, place);
        }
    }

    /// @notice Twenty disputes at once against one provider, about as many claims, ten of them true: the ten false ones fall, the others are paid.
    function test_twenty_disputes_about_twenty_claims() public {
        bytes memory file = tape();
        bytes32[20] memory ids;
        for (uint256 i = 0; i < 20; ++i) {
            uint256 which = i < 10 ? i : FIRST_TRUE + i - 10;
            ids[i] = claimedFor(file, which);
            sit(file, which, ids[i], address(uint160(0xC000 + i)));
        }
        same(providers.available(provider, NATIVE), 100 ether - 20 * RATIO * DEPOSIT, "each has its part of the bond");
        playAll(file);
        for (uint256 i = 0; i < 20; ++i) {
            collect(i);
        }
        (uint96 left,,,) = providers.bondOf(provider, NATIVE);
        same(left, 100 ether - 9 * RATIO * DEPOSIT - CONCESSION * FEE, "bond");
        vm.warp(5000 + WINDOW + 1);
        for (uint256 i = 10; i < 20; ++i) {
            sessions.finalise(ids[i]);
        }
        same(sessions.owed(NATIVE, user), 10 * DEPOSIT + 10 * (DEPOSIT - FEE * 9 / 10), "the user");
        same(sessions.owed(NATIVE, provider), 10 * FEE * 63 / 100, "the provider");
        leave(everybody());
    }

    /// @notice Twenty challengers at once of one true claim: each loses its own bond, and the claim is paid when the last game is over.
    function test_twenty_disputes_about_a_true_claim() public {
        bytes memory file = tape();
        bytes32 session = claimedFor(file, FIRST_TRUE);
        for (uint256 i = 0; i < 20; ++i) {
            sit(file, FIRST_TRUE + i % 10, session, address(uint160(0xC000 + i)));
        }
        playAll(file);
        vm.warp(5000 + WINDOW + 1);
        uint256 pots = 0;
        for (uint256 i = 0; i < 20; ++i) {
            vm.expectRevert(abi.encodeWithSelector(SessionBook.InDispute.selector, 20 - i));
            sessions.finalise(session);
            collect(i);
            pots += seats[i].state.pot;
        }
        sessions.finalise(session);
        same(disputes.owed(NATIVE, provider), 20 * BOND + pots, "all bonds");
        same(sessions.owed(NATIVE, provider), FEE * 63 / 100, "and the fee");
        (uint96 left,,,) = providers.bondOf(provider, NATIVE);
        same(left, 100 ether, "bond");
        leave(everybody());
    }

    /// @notice The Sybil: a liar's own challenger files first and loses on purpose. That upholds nothing: of the nineteen others the first takes all that is
    /// taken, whoever it is, and the rest have their bonds back.
    /// forge-config: default.fuzz.runs = 8
    function testFuzz_a_sybil_protects_nothing(uint256 seed) public {
        bytes memory file = tape();
        bytes32 session = claimedFor(file, SYBIL);
        sit(file, SYBIL, session, address(0x5B11));
        for (uint256 i = 1; i < 20; ++i) {
            // Games about the same claim; the provider's play differs, and one of them concedes.
            uint256 which = [uint256(0), 2, 3, 4, 5, 6, 11, 12][(seed >> (3 * i)) % 8];
            sit(file, which, session, address(uint160(0xC000 + i)));
        }
        playAll(file);
        collect(0);
        same(uint256(status(session)), uint256(ISessions.Status.Claimed), "nothing is decided");
        uint256 first = 1 + (seed >> 128) % 19;
        collect(first);
        uint256 penalty = seats[first].which == CONCEDES ? CONCESSION * FEE : RATIO * DEPOSIT;
        for (uint256 i = 1; i < 20; ++i) {
            if (i != first) collect(i);
            uint256 share = i == first ? penalty / 2 : 0;
            same(providers.owed(NATIVE, seats[i].challenger), share, "share");
            same(disputes.owed(NATIVE, seats[i].challenger), BOND + seats[i].state.pot, "bond");
        }
        (uint96 left,,,) = providers.bondOf(provider, NATIVE);
        same(left, 100 ether - penalty, "taken once");
        same(sessions.owed(NATIVE, user), DEPOSIT, "the user");
        leave(everybody());
    }

    /// @notice A game that begins in the window's last second keeps the claim from being paid until it ends; none begins later.
    function test_the_windows_last_second() public {
        bytes32 session = claimedFor(tape(), FIRST_TRUE);
        vm.warp(5000 + WINDOW);
        vm.deal(challenger, 10 ether);
        vm.prank(challenger);
        uint256 game = disputes.file{value: BOND}(session, lane, new bytes32[](0));
        Rules.State memory state = latest();
        vm.warp(5000 + WINDOW + 1);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.TooLate.selector, 5000 + WINDOW));
        disputes.file{value: BOND}(session, lane, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(SessionBook.InDispute.selector, 1));
        sessions.finalise(session);
        // The provider has gone home: its clock runs out, and the claim falls after its window.
        vm.warp(5000 + WINDOW + 1001);
        disputes.timeout(game, state);
        disputes.collect(game, latest());
        same(uint256(status(session)), uint256(ISessions.Status.Ended), "fallen");
        same(providers.owed(NATIVE, challenger), RATIO * DEPOSIT / 2, "the challenger's share");
    }

    /// @notice Nobody but the two contracts of games locks or settles, and a lane that isn't in the commitment isn't played about.
    function test_strangers_and_other_lanes() public {
        bytes32 session = claimedFor(tape(), 0);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), address(disputes)));
        sessions.lock(session);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NotYours.selector, address(this), address(disputes)));
        sessions.settle(session, IClaims.Verdict.Refuted, address(this));
        IClaims.Lane memory other = lane;
        other.claim = keccak256("another claim");
        vm.deal(challenger, 10 ether);
        vm.prank(challenger);
        vm.expectRevert(abi.encodeWithSelector(SessionBook.NoSuchLane.selector, 0));
        disputes.file{value: BOND}(session, other, new bytes32[](0));
    }
}
