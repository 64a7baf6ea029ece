// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IClaims} from "../interfaces/IClaims.sol";
import {Lists} from "../market/Lists.sol";
import {Messages} from "../market/Messages.sol";
import {Purse} from "../market/Purse.sol";
import {Merkle} from "./Merkle.sol";
import {Opening} from "./Opening.sol";

/// @title Games about the inputs of claims
/// @notice Whoever doubts what a claim was computed from, or was never given it, asks for one chunk of one segment's actions. The answer shows the lane in
/// the claim, the segment in the lane's plan, the user's signatures over its actions, and the chunk itself. It is paid for in advance, and
/// has to come in time. Nothing is taken on trust from whoever asks, who needs to know nothing of the claim but that it is there: a claim that is
/// kept from everybody is one that can't be answered for.
///
/// ```
///              ask               answer, by anyone with the data
///   challenger ────► pending ──────────────────────────────────► upheld: the provider has the bond
///                        └────── timeout, by anyone ───────────► refuted: the challenger has it back, and its share of the provider's
/// ```
/// A segment of a scene's plan can be of one form only: the asset's program, its content, the state that the segment before left, and actions. The contract
/// itself puts that together and looks for it in the plan, so a plan with anything else at the place has no answer. Whoever has such a
/// plan needs no question: `misplanned` and `unsearchable` show it at once.
///
/// The actions have to continue, by one hashing, the running root that the user signed at the end of the segment before to the one that it signed
/// at the end of this. A user that signed two of them has two plans that can be answered for, and only itself to blame. Where there is no such
/// segment, the answer shows instead that the lane goes as far as the voucher did that the claim was made with: a claim can't leave out what it is paid for.
///
/// Invariants: what this contract holds is what it owes, and a bond for each question that is pending. Each question locks its claim once, and settles it
/// once. Whoever has what the claim was made from, and answers within `time`, never loses: which answers are good depends on nothing that anybody can change.
contract Inputs is Purse {
    /// @notice Asked for: leaves `32 * chunk` and the next 31, as far as there are any, of the action string of a lane's segment.
    struct Question {
        bytes32 session;
        /// @dev Of the claim: who earns the answer's price, whoever brings it.
        address provider;
        address challenger;
        /// @dev Last second for the answer.
        uint64 until;
        uint32 lane;
        uint32 segment;
        uint32 chunk;
    }

    /// @notice What is shown, and what opens it. Siblings are from the opened one's own upwards.
    struct Answer {
        IClaims.Lane lane;
        /// @dev Opens the lane in the commitment.
        bytes32[] laneSiblings;
        /// @dev Opens the segment's node in the lane's plan; or, where there is no such segment, the lane's item among the voucher's action roots.
        bytes32[] siblings;
        /// @dev Bytes of the segment's action string, and the root of its tree.
        uint64 length;
        bytes32 tree;
        /// @dev The chunk; none where the string ends before it.
        bytes32[] leaves;
        /// @dev Opens the chunk in the string.
        bytes32[] leafSiblings;
        /// @dev What the user signed at the end of the segment before; not looked at for the first one.
        Messages.ActionRoot before;
        bytes beforeSignature;
        /// @dev What it signed at the end of the segment; or, where there is no such segment, at the end of the voucher's last one.
        Messages.ActionRoot last;
        bytes lastSignature;
    }

    /// @notice Leaves of a chunk: 2⁵, a kilobyte.
    uint256 public constant CHUNK = 32;
    /// @dev Levels above them.
    uint256 private constant LEVELS = 5;
    /// @notice Nodes of a lane, at most: more can't be searched.
    uint256 public constant NODES = 1 << 16;
    /// @dev Kind of a segment's action string.
    bytes32 private constant ACTIONS = "hyperdust actions";
    /// @dev Kind of a running action root.
    bytes32 private constant CHAIN = "hyperdust action chain";

    /// @notice Where claims are. Users sign for this contract.
    IClaims public immutable claims;
    /// @notice What a question puts up, in wei: at least what the dearest answer costs.
    uint256 public immutable bond;
    /// @notice Seconds for an answer. A small part of the window, since what is learnt from one may have to be disputed in it.
    uint256 public immutable time;

    /// @notice Whether the question with this hash waits for its answer.
    mapping(bytes32 question => bool) public pending;

    /// @notice A question was asked; it is its number.
    event Asked(bytes32 indexed session, bytes32 indexed question, Question asked);
    /// @notice It was answered. With this lane and these siblings `Disputes` can be asked about the outputs.
    event Answered(
        bytes32 indexed session,
        bytes32 indexed question,
        IClaims.Lane lane,
        bytes32[] laneSiblings,
        uint64 length,
        bytes32 tree,
        bytes32[] leaves
    );
    /// @notice It wasn't.
    event Unanswered(bytes32 indexed session, bytes32 indexed question, uint256 taken);
    /// @notice The claim's lane was shown to have no plan that a session of its asset can have.
    event Misplanned(bytes32 indexed session, uint32 lane, address indexed by, uint256 taken);

    /// @notice Thrown when bond or time is zero, or the time is longer than ten years.
    error BadParameter();
    /// @notice Thrown when the claim isn't one of provable work on a scene: no other's plan is known here.
    error NotAsked();
    /// @notice Thrown when a claim has fewer lanes.
    error NoSuchLane(uint256 found, uint256 lanes);
    /// @notice Thrown when the same challenger asked the same in the same second.
    error AskedAlready(bytes32 question);
    /// @notice Thrown when no such question waits for its answer.
    error NotPending(bytes32 question);
    /// @notice Thrown when an answer comes after its time.
    error Late(uint256 accepted);
    /// @notice Thrown when the time for the answer isn't over.
    error Early(uint256 accepted);
    /// @notice Thrown when an answer is about another lane.
    error AnotherLane(uint256 found, uint256 accepted);
    /// @notice Thrown when the segment isn't in the lane's plan.
    error NotPlanned();
    /// @notice Thrown when what is shown was not signed by the user, for this chain, session, lane and segment.
    error NotSigned();
    /// @notice Thrown when these aren't the leaves that were asked for.
    error NotTheChunk();
    /// @notice Thrown when the lane ends before what the voucher is for.
    error CutShort();
    /// @notice Thrown when a plan is as it has to be.
    error WellPlanned();

    constructor(IClaims claims_, uint256 bond_, uint256 time_) {
        if (bond_ == 0 || time_ == 0 || time_ > 3650 days) revert BadParameter();
        (claims, bond, time) = (claims_, bond_, time_);
    }

    /// @notice Asks for a chunk of a segment's actions. Within the claim's window.
    function ask(bytes32 session, uint32 lane, uint32 segment, uint32 chunk)
        external
        payable
        nonReentrant
        returns (bytes32 question)
    {
        if (msg.value != bond) revert WrongCoin(msg.value, bond);
        IClaims.Claim memory c = claims.claimOf(session);
        if (!c.provable || !c.scene) revert NotAsked();
        if (lane >= c.lanes) revert NoSuchLane(lane, c.lanes);
        Question memory q =
            Question(session, c.provider, msg.sender, uint64(block.timestamp + time), lane, segment, chunk);
        question = keccak256(abi.encode(q));
        if (pending[question]) revert AskedAlready(question);
        pending[question] = true;
        emit Asked(session, question, q);
        claims.lock(session);
    }

    /// @notice Answers a question. Anybody may: what an answer shows doesn't depend on who brings it.
    function answer(Question calldata q, Answer calldata a) external nonReentrant {
        bytes32 question = close(q);
        if (block.timestamp > q.until) revert Late(q.until);
        if (a.lane.index != q.lane) revert AnotherLane(a.lane.index, q.lane);
        IClaims.Claim memory c = claims.claimOf(q.session);
        bytes32 job = claims.laneOf(q.session, a.lane, a.laneSiblings);
        if (q.segment < a.lane.nodes) continues(q, a, c, job);
        else ends(a, c, job);
        emit Answered(q.session, question, a.lane, a.laneSiblings, a.length, a.tree, a.leaves);
        credit(NATIVE, q.provider, bond);
        claims.settle(q.session, IClaims.Verdict.Upheld, q.challenger);
    }

    /// @notice Ends a question whose time is over: the claim is refuted. Anybody may.
    function timeout(Question calldata q) external nonReentrant returns (uint256 taken) {
        bytes32 question = close(q);
        if (block.timestamp <= q.until) revert Early(q.until);
        credit(NATIVE, q.challenger, bond);
        taken = claims.settle(q.session, IClaims.Verdict.Refuted, q.challenger);
        emit Unanswered(q.session, question, taken);
    }

    /// @notice Shows that a segment in a lane's plan is of another program or content than the session's asset, doesn't start where the one
    /// before ended, or is none at all. The claim falls as if refuted, without a game. Within the window; anyone may, and gets the challenger's share.
    /// @param words The node.
    /// @param siblings Opens it in the plan.
    function misplanned(
        bytes32 session,
        IClaims.Lane calldata lane,
        bytes32[] calldata laneSiblings,
        uint32 segment,
        bytes32[8] calldata words,
        bytes32[] calldata siblings
    ) external nonReentrant returns (uint256 taken) {
        IClaims.Claim memory c = claims.claimOf(session);
        if (!c.provable || !c.scene) revert NotAsked();
        claims.laneOf(session, lane, laneSiblings);
        bytes32 found = Merkle.node(
            Merkle.node(Merkle.node(words[0], words[1]), Merkle.node(words[2], words[3])),
            Merkle.node(Merkle.node(words[4], words[5]), Merkle.node(words[6], words[7]))
        );
        inPlan(lane, segment, found, siblings);
        if (words[4] != 0 && found == node(c, segment, words[4])) revert WellPlanned();
        taken = fall(session, lane.index);
    }

    /// @notice Shows that a lane has more nodes than can be searched, or nodes and no outputs: `Disputes` has nothing to begin with. As `misplanned`.
    function unsearchable(bytes32 session, IClaims.Lane calldata lane, bytes32[] calldata laneSiblings)
        external
        nonReentrant
        returns (uint256 taken)
    {
        IClaims.Claim memory c = claims.claimOf(session);
        if (!c.provable || !c.scene) revert NotAsked();
        claims.laneOf(session, lane, laneSiblings);
        if (lane.nodes == 0 || (lane.nodes <= NODES && lane.plan != lane.claim)) revert WellPlanned();
        taken = fall(session, lane.index);
    }

    /// @dev The segment is planned as it has to be, its actions are signed, and this is the chunk.
    function continues(Question calldata q, Answer calldata a, IClaims.Claim memory c, bytes32 job) private view {
        bytes32 string_ = Merkle.headed(ACTIONS, a.length, a.tree);
        inPlan(a.lane, q.segment, node(c, q.segment, string_), a.siblings);
        bytes32 before = 0;
        if (q.segment > 0) {
            signed(c.signer, job, q.segment - 1, a.before, a.beforeSignature);
            before = a.before.root;
        }
        if (a.last.root != keccak256(abi.encode(CHAIN, before, string_))) revert NotSigned();
        signed(c.signer, job, q.segment, a.last, a.lastSignature);
        opened(q.chunk, a);
    }

    /// @dev There is no such segment, and all that the voucher is for is in those that there are.
    function ends(Answer calldata a, IClaims.Claim memory c, bytes32 job) private view {
        bytes32 root = Lists.root(Lists.LANES, uint256(c.lanes) * 32, a.lane.index, a.last.root, a.siblings);
        if (root == 0 || root != c.actions) revert CutShort();
        // The running root of a lane in which nothing was done. Nobody signs it.
        if (a.last.root == 0) return;
        if (a.last.segment >= a.lane.nodes) revert CutShort();
        signed(c.signer, job, a.last.segment, a.last, a.lastSignature);
    }

    /// @dev The user signed this about a segment of the job.
    function signed(
        address signer,
        bytes32 job,
        uint256 segment,
        Messages.ActionRoot calldata m,
        bytes calldata signature
    ) private view {
        if (m.job != job || m.segment != segment) revert NotSigned();
        (address found,,) = ECDSA.tryRecover(Messages.digest(address(claims), Messages.hash(m)), signature);
        if (found != signer) revert NotSigned();
    }

    /// @dev The leaves are all that there are of the chunk.
    function opened(uint256 chunk, Answer calldata a) private pure {
        uint256 all = uint256(a.length) / 32 + (a.length % 32 == 0 ? 0 : 1);
        uint256 first = chunk * CHUNK;
        uint256 count = first >= all ? 0 : all - first;
        if (count > CHUNK) count = CHUNK;
        if (a.leaves.length != count) revert NotTheChunk();
        if (count == 0) return;
        uint256 depth = Merkle.depth(a.length);
        uint256 height = depth < LEVELS ? depth : LEVELS;
        if (a.leafSiblings.length != depth - height) revert NotTheChunk();
        if (Merkle.climb(chunk, above(a.leaves, height), a.leafSiblings) != a.tree) revert NotTheChunk();
    }

    /// @dev Root of the tree of `2 ** height` leaves, filled up with zeros.
    function above(bytes32[] calldata leaves, uint256 height) private pure returns (bytes32) {
        bytes32[] memory level = new bytes32[](1 << height);
        for (uint256 i = 0; i < leaves.length; ++i) {
            level[i] = leaves[i];
        }
        for (uint256 width = level.length / 2; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                level[i] = Merkle.node(level[2 * i], level[2 * i + 1]);
            }
        }
        return level[0];
    }

    /// @dev The one form that a segment of a scene has in a plan: content, state of the segment before, actions; the output is not known.
    function node(IClaims.Claim memory c, uint256 segment, bytes32 actions) private pure returns (bytes32) {
        // Eight bytes for each input: 0 nowhere, 1 given, 2 + i output of node i.
        uint256 sources = (1 << 192) | (segment == 0 ? 0 : (segment + 1) << 128) | (1 << 64);
        return Merkle.node(
            Merkle.node(Merkle.node(c.program, bytes32(sources)), Merkle.node(c.content, 0)),
            Merkle.node(Merkle.node(actions, 0), Merkle.node(0, 0))
        );
    }

    /// @dev This is node `segment` of the plan.
    function inPlan(IClaims.Lane calldata lane, uint256 segment, bytes32 found, bytes32[] calldata siblings) private pure {
        uint256 nodes = lane.nodes;
        if (segment >= nodes || siblings.length != Opening.levels(nodes)) revert NotPlanned();
        if (Merkle.headed(Lists.GRAPH, nodes * 256, Merkle.climb(segment, found, siblings)) != lane.plan) {
            revert NotPlanned();
        }
    }

    /// @dev The question's number, if it waits for an answer; it does no more.
    function close(Question calldata q) private returns (bytes32 question) {
        question = keccak256(abi.encode(q));
        if (!pending[question]) revert NotPending(question);
        delete pending[question];
    }

    /// @dev Begins and ends a game that the provider has lost.
    function fall(bytes32 session, uint32 lane) private returns (uint256 taken) {
        claims.lock(session);
        taken = claims.settle(session, IClaims.Verdict.Refuted, msg.sender);
        emit Misplanned(session, lane, msg.sender, taken);
    }
}
