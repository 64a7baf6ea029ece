// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ICompanions} from "../interfaces/ICompanions.sol";
import {ISessions} from "../interfaces/ISessions.sol";
import {Lists} from "./Lists.sol";
import {Messages} from "./Messages.sol";
import {Purse} from "./Purse.sol";

/// @title Who computes again
/// @notice Anyone with the bond is a companion. It commits to the root of its own results while the session goes on, that is before its provider
/// has claimed anything; when the provider's claim is the same, it opens the commitment. Of those who did, one is drawn and gets the companions' part
/// of the fee. One who came to something else has nothing to open, and disputes.
///
/// All bonds are equally large, so that to be several companions costs as much as it brings.
///
/// Canaries: anyone may fix a list of wrong claims, and hand jobs and claims to companions. Whoever signs an attestation of one has
/// not computed it and loses its bond. That a claim is wrong needs no dispute: an output in it was drawn from the canary's salt, and no
/// computation gives such an output.
///
/// Invariants: only a signature under a planted claim takes a companion's bond; a lost dispute of a provider doesn't, since a provider can lose one
/// about a claim that is true. A companion that asked for its bond back can be caught until it is paid out.
contract Companions is Purse, ICompanions {
    /// @dev Kind of a companion's commitment.
    bytes32 private constant COMMITMENT = "hyperdust commitment";
    /// @dev Kind of a canary in a list.
    bytes32 private constant CANARY = "hyperdust canary";
    /// @dev Kind of a planted output.
    bytes32 private constant PLANTED = "hyperdust canary output";
    /// @dev All of 10,000.
    uint256 private constant WHOLE = 10_000;

    /// @notice Where claims are, and whose domain attestations are signed for.
    ISessions public immutable sessions;
    /// @notice The bond, in native coin.
    uint256 public immutable bond;
    /// @notice Seconds between leaving and getting the bond back. A list of canaries catches after half of them: nobody can take
    /// over a canary that it sees being opened, and nobody is out before.
    uint256 public immutable delay;
    /// @notice What of a companion's bond whoever fixed the canary gets, of 10,000; the rest is burnt.
    uint256 public immutable catcherShare;

    /// @notice Where a companion stands.
    enum Standing {
        None,
        Active,
        Leaving
    }

    /// @notice A companion.
    struct Companion {
        Standing standing;
        /// @dev When its bond can be taken.
        uint40 until;
    }

    /// @notice A list of canaries.
    struct Fixed {
        address by;
        uint40 since;
        uint32 count;
    }

    /// @notice Opens a canary that a companion attested to.
    struct Caught {
        address companion;
        Messages.Attestation attestation;
        bytes signature;
        /// @dev Root of the list that holds the canary.
        bytes32 list;
        uint32 index;
        bytes32[] siblings;
        /// @dev The canary's, of which the planted output was drawn.
        bytes32 salt;
        /// @dev Nodes of the claimed graph, and which of them has the planted output.
        uint32 nodes;
        uint32 node;
        /// @dev Opens that output in the claimed graph.
        bytes32[] nodeSiblings;
    }

    mapping(address companion => Companion) public companionOf;
    mapping(bytes32 session => mapping(address companion => bytes32)) public commitmentOf;
    mapping(bytes32 root => Fixed) public fixedAt;
    /// @notice Coin that nobody will ever get.
    uint256 public burnt;

    mapping(bytes32 session => address[]) private opened;
    mapping(address companion => mapping(bytes32 item => bool)) private shown;

    event Joined(address indexed companion);
    event Leaving(address indexed companion, uint256 until);
    event Left(address indexed companion);
    event Committed(bytes32 indexed session, address indexed companion, bytes32 commitment);
    event Attested(bytes32 indexed session, address indexed companion);
    event CanariesFixed(bytes32 indexed root, uint32 count, address indexed by);
    event Slashed(address indexed companion, bytes32 indexed job, address indexed by);

    /// @notice Thrown when a parameter is out of range at deployment.
    error BadParameter(uint256 found);
    /// @notice Thrown when a companion isn't where this can be done.
    error WrongStanding(Standing standing);
    /// @notice Thrown when a session is where this can't be done.
    error WrongStatus(ISessions.Status status);
    /// @notice Thrown when a commitment is zero, or there is one already.
    error BadCommitment();
    /// @notice Thrown when the claim's root and this salt aren't what the caller committed to.
    error NotCommitted(bytes32 found, bytes32 accepted);
    /// @notice Thrown when this can't be done before a moment.
    error TooEarly(uint256 accepted);
    /// @notice Thrown when the window of a claim is over.
    error TooLate(uint256 accepted);
    /// @notice Thrown when a list of canaries is empty, too long or fixed already.
    error BadList();
    /// @notice Thrown when a canary isn't in the list, the claim has no output that was drawn from its salt, or it has caught this companion.
    error NoCanary();
    /// @notice Thrown when the attestation isn't the companion's.
    error BadSignature(address found, address accepted);

    constructor(ISessions sessions_, uint256 bond_, uint256 delay_, uint256 catcherShare_) {
        if (bond_ == 0) revert BadParameter(bond_);
        if (delay_ > 365 days) revert BadParameter(delay_);
        if (catcherShare_ >= WHOLE) revert BadParameter(catcherShare_);
        (sessions, bond, delay, catcherShare) = (sessions_, bond_, delay_, catcherShare_);
    }

    /// @notice Bonds the caller as a companion.
    function join() external payable {
        Companion storage c = companionOf[msg.sender];
        if (c.standing != Standing.None) revert WrongStanding(c.standing);
        if (msg.value != bond) revert WrongCoin(msg.value, bond);
        c.standing = Standing.Active;
        emit Joined(msg.sender);
    }

    /// @notice Asks for the bond back. What was committed to can still be opened.
    function quit() external {
        Companion storage c = companionOf[msg.sender];
        if (c.standing != Standing.Active) revert WrongStanding(c.standing);
        (c.standing, c.until) = (Standing.Leaving, uint40(block.timestamp + delay));
        emit Leaving(msg.sender, c.until);
    }

    /// @notice After the delay: owes the caller its bond.
    function takeBond() external {
        Companion storage c = companionOf[msg.sender];
        if (c.standing != Standing.Leaving) revert WrongStanding(c.standing);
        if (block.timestamp < c.until) revert TooEarly(c.until);
        c.standing = Standing.None;
        credit(NATIVE, msg.sender, bond);
        emit Left(msg.sender);
    }

    /// @notice Fixes the root of the caller's own results for a session that isn't claimed yet:
    /// `keccak256(kind ‖ root ‖ address ‖ salt)`, four words. Nothing can be read from it, and no other can open it.
    function commit(bytes32 session, bytes32 commitment) external {
        Companion storage c = companionOf[msg.sender];
        if (c.standing != Standing.Active) revert WrongStanding(c.standing);
        (ISessions.Status status,,) = sessions.stateOf(session);
        if (status != ISessions.Status.Open && status != ISessions.Status.Closing) revert WrongStatus(status);
        if (commitment == 0 || commitmentOf[session][msg.sender] != 0) revert BadCommitment();
        commitmentOf[session][msg.sender] = commitment;
        emit Committed(session, msg.sender, commitment);
    }

    /// @notice Shows that the caller had committed to what the provider then claimed.
    function open(bytes32 session, bytes32 salt) external {
        Companion storage c = companionOf[msg.sender];
        if (c.standing == Standing.None) revert WrongStanding(c.standing);
        (ISessions.Status status, bytes32 claim, uint256 ends) = sessions.stateOf(session);
        if (status != ISessions.Status.Claimed) revert WrongStatus(status);
        if (block.timestamp > ends) revert TooLate(ends);
        bytes32 found = keccak256(abi.encode(COMMITMENT, claim, msg.sender, salt));
        bytes32 accepted = commitmentOf[session][msg.sender];
        if (found != accepted) revert NotCommitted(found, accepted);
        // Once only: no salt leads to this again.
        commitmentOf[session][msg.sender] = bytes32(type(uint256).max);
        opened[session].push(msg.sender);
        emit Attested(session, msg.sender);
    }

    /// @inheritdoc ICompanions
    function attestations(bytes32 session) external view returns (uint256) {
        return opened[session].length;
    }

    /// @inheritdoc ICompanions
    function drawn(bytes32 session, uint256 random) external view returns (address) {
        address[] storage all = opened[session];
        return all[random % all.length];
    }

    /// @notice Fixes a list of canaries (root of kind "hyperdust canaries"). It catches companions after half the delay, and whoever fixed it
    /// first earns: hand canaries out when it was you.
    function fixCanaries(bytes32 root, uint32 count) external {
        if (root == 0 || count == 0 || fixedAt[root].count != 0) revert BadList();
        fixedAt[root] = Fixed(msg.sender, uint40(block.timestamp), count);
        emit CanariesFixed(root, count, msg.sender);
    }

    /// @notice Shows that a companion attested to a canary. Anyone may; whoever fixed the canary gets its share.
    function caught(Caught calldata c) external nonReentrant {
        Companion storage companion = companionOf[c.companion];
        if (companion.standing == Standing.None) revert WrongStanding(Standing.None);
        Fixed storage list = fixedAt[c.list];
        if (list.count == 0) revert NoCanary();
        if (block.timestamp < list.since + delay / 2) revert TooEarly(list.since + delay / 2);
        bytes32 item = keccak256(abi.encode(CANARY, c.attestation.job, c.attestation.claim, c.salt));
        bytes32 root = Lists.root(Lists.CANARIES, uint256(list.count) * 32, c.index, item, c.siblings);
        bytes32 output = keccak256(abi.encode(PLANTED, c.salt, uint256(c.node)));
        bytes32 claim =
            Lists.root(Lists.GRAPH, uint256(c.nodes) * 256, uint256(c.node) * 8 + 6, output, c.nodeSiblings);
        if (root != c.list || claim == 0 || claim != c.attestation.claim || shown[c.companion][item]) revert NoCanary();
        bytes32 digest = Messages.digest(address(sessions), Messages.hash(c.attestation));
        (address found,,) = ECDSA.tryRecover(digest, c.signature);
        if (found != c.companion) revert BadSignature(found, c.companion);

        // Once only: whoever joins anew doesn't pay for it again.
        shown[c.companion][item] = true;
        companion.standing = Standing.None;
        uint256 share = bond * catcherShare / WHOLE;
        burnt += bond - share;
        credit(NATIVE, list.by, share);
        emit Slashed(c.companion, c.attestation.job, list.by);
    }
}
