// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../interfaces/IClaims.sol";
import {Purse} from "../market/Purse.sol";
import {Opening} from "./Opening.sol";
import {Rules} from "./Rules.sol";

/// @title Games about the outputs of claims
/// @notice A challenger says that an output of a claimed lane is not what its program gives. The search ends at one instruction, which this
/// contract executes (`Rv32Step`). Each challenger plays a game of its own, any number of them at once; a claim stands only when the provider
/// has lost none, which `IClaims` counts.
///
/// ```
///             file            cut, choose …            prove | timeout | concede            collect
///   challenger ────► searching ───────────► searching ───────────────────────────► decided ─────────► gone
/// ```
/// Invariants: what this contract holds is what it owes, and a bond and a pot for each game that isn't collected. A game that is decided
/// doesn't move. Its payouts go to the provider of the claim or the challenger who filed, whoever made the moves. Whoever
/// answers within `extension` of each of its turns never loses by the clock.
///
/// Of a game the chain keeps a hash. Its state is in the last event about it, and goes along with every move.
///
/// Not asked here: whether the plan is what was agreed and signed. That is another game, `Inputs`.
contract Disputes is Purse {
    using Rules for Rules.State;

    /// @notice What is fixed for ever.
    struct Parameters {
        /// @dev What a challenger puts up, in wei: at least what defending costs.
        uint128 bond;
        /// @dev What each move but the last puts up, in wei: at least what the reply costs.
        uint128 moveBond;
        /// @dev Seconds that each party has for all of its moves, and has left after each of them, at least.
        uint64 budget;
        uint64 extension;
    }

    /// @notice Where claims are.
    IClaims public immutable claims;
    uint256 public immutable bond;
    uint256 public immutable moveBond;
    uint64 public immutable budget;
    uint64 public immutable extension;

    /// @notice Games so far: the number of the latest.
    uint256 public count;
    /// @notice Hash of a game's state; zero where there is none, or none any more.
    mapping(uint256 game => bytes32) public games;
    /// @notice Who may move in an account's place, such as its watchtower; zero where nobody else may.
    mapping(address account => address) public moverOf;

    /// @notice A game's state, after it was filed and after each move.
    event Played(uint256 indexed game, bytes32 indexed session, Rules.State state);
    /// @notice The roots of a cut, which the challenger's choice shows again.
    event Cut(uint256 indexed game, bytes32[] roots);
    /// @notice An account lets another one move in its place; zero: nobody any more.
    event Entrusted(address indexed account, address indexed mover);
    /// @notice A game was paid out.
    event Collected(uint256 indexed game, Rules.Outcome outcome, address winner, uint256 amount, uint256 slashed);

    /// @notice Thrown when a parameter is zero.
    error BadParameter();
    /// @notice Thrown when the claim can't be settled by an instruction: attested work isn't searched.
    error NotProvable();
    /// @notice Thrown when there is nothing between plan and claim, or no nodes or over 2¹⁶.
    error NothingToSearch();
    /// @notice Thrown when the state isn't the game's.
    error NotTheState(uint256 game);
    /// @notice Thrown when the move is another party's.
    error NotYours(address found, address accepted);
    /// @notice Thrown when the game goes on.
    error NotDecided();

    constructor(IClaims claims_, Parameters memory p) {
        if (p.bond == 0 || p.moveBond == 0 || p.budget == 0 || p.extension == 0) revert BadParameter();
        // Times are added up in 64 bits.
        if (p.budget > 3650 days || p.extension > 3650 days) revert BadParameter();
        (claims, bond, moveBond, budget, extension) = (claims_, p.bond, p.moveBond, p.budget, p.extension);
    }

    /// @notice Lets another account make the caller's moves too, in all of its games; zero takes that back. A mover is trusted with the bonds behind
    /// them: it can concede, and lose. What its moves put up comes from it and goes to the game's winner; what is won goes to the caller.
    function entrust(address mover) external {
        moverOf[msg.sender] = mover;
        emit Entrusted(msg.sender, mover);
    }

    /// @notice Disputes the outputs of a lane. The provider is to move.
    /// @param siblings Opens the lane in the claim's commitment.
    function file(bytes32 session, IClaims.Lane calldata lane, bytes32[] calldata siblings)
        external
        payable
        nonReentrant
        returns (uint256 game)
    {
        if (msg.value != bond) revert WrongCoin(msg.value, bond);
        IClaims.Claim memory c = claims.claimOf(session);
        if (!c.provable) revert NotProvable();
        claims.laneOf(session, lane, siblings);
        if (lane.plan == lane.claim || lane.nodes == 0 || lane.nodes > 1 << 16) revert NothingToSearch();
        game = ++count;
        Rules.State memory s;
        (s.session, s.provider, s.challenger, s.nodes) = (session, c.provider, msg.sender, lane.nodes);
        (s.since, s.leftProvider, s.leftChallenger) = (uint64(block.timestamp), budget, budget);
        (s.agreed, s.disputed, s.disputedStep) = (lane.plan, lane.claim, lane.nodes);
        keep(game, s);
        claims.lock(session);
    }

    /// @notice The provider gives up before the search: it loses a multiple of the fee, and not its bond.
    function concede(uint256 game, Rules.State calldata state) external {
        Rules.State memory s = known(game, state);
        only(s.provider);
        s.concede();
        keep(game, s);
    }

    /// @notice The provider posts the roots between the pieces of what is disputed.
    function cut(uint256 game, Rules.State calldata state, bytes32[] calldata roots) external payable {
        Rules.State memory s = known(game, state);
        only(s.provider);
        s.cut(roots, extension);
        stake(s);
        keep(game, s);
        emit Cut(game, roots);
    }

    /// @notice The challenger names a piece, from 0.
    /// @param roots As they were posted.
    function choose(uint256 game, Rules.State calldata state, bytes32[] calldata roots, uint256 piece)
        external
        payable
    {
        Rules.State memory s = known(game, state);
        only(s.challenger);
        s.choose(roots, piece, extension);
        stake(s);
        keep(game, s);
    }

    /// @notice The provider opens the node that is left.
    function open(uint256 game, Rules.State calldata state, Opening.Run calldata run) external payable {
        Rules.State memory s = known(game, state);
        only(s.provider);
        s.open(run, extension);
        stake(s);
        keep(game, s);
    }

    /// @notice Proves the instruction that is left. Anybody may: what a proof shows doesn't depend on who brings it.
    function prove(uint256 game, Rules.State calldata state, bytes calldata proof) external {
        Rules.State memory s = known(game, state);
        s.prove(proof);
        keep(game, s);
    }

    /// @notice Ends a game whose time is over. Anybody may.
    function timeout(uint256 game, Rules.State calldata state) external {
        Rules.State memory s = known(game, state);
        s.timeout();
        keep(game, s);
    }

    /// @notice Pays a game out that is decided. Anybody may.
    function collect(uint256 game, Rules.State calldata state) external nonReentrant {
        Rules.State memory s = known(game, state);
        if (s.outcome == Rules.Outcome.None) revert NotDecided();
        delete games[game];
        IClaims.Verdict verdict = IClaims.Verdict.Refuted;
        address winner = s.challenger;
        if (s.outcome == Rules.Outcome.Conceded) verdict = IClaims.Verdict.Conceded;
        if (s.outcome == Rules.Outcome.Challenger) (verdict, winner) = (IClaims.Verdict.Upheld, s.provider);
        uint256 amount = bond + s.pot;
        credit(NATIVE, winner, amount);
        uint256 slashed = claims.settle(s.session, verdict, s.challenger);
        emit Collected(game, s.outcome, winner, amount, slashed);
    }

    /// @dev The state, if it is the game's.
    function known(uint256 game, Rules.State calldata state) private view returns (Rules.State memory) {
        if (keccak256(abi.encode(state)) != games[game]) revert NotTheState(game);
        return state;
    }

    function keep(uint256 game, Rules.State memory s) private {
        games[game] = keccak256(abi.encode(s));
        emit Played(game, s.session, s);
    }

    function only(address accepted) private view {
        if (msg.sender != accepted && msg.sender != moverOf[accepted]) revert NotYours(msg.sender, accepted);
    }

    /// @dev Takes what a move puts up.
    function stake(Rules.State memory s) private view {
        if (msg.value != moveBond) revert WrongCoin(msg.value, moveBond);
        s.pot += moveBond;
    }
}
