// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAssets} from "../interfaces/IAssets.sol";
import {IClaims} from "../interfaces/IClaims.sol";
import {ICompanions} from "../interfaces/ICompanions.sol";
import {IProviders} from "../interfaces/IProviders.sol";
import {ISessions} from "../interfaces/ISessions.sol";
import {IWork} from "../interfaces/IWork.sol";
import {Lists} from "./Lists.sol";
import {Messages} from "./Messages.sol";
import {Purse} from "./Purse.sol";

/// @title What is known of sessions
/// @notice Storage, parameters and views of `Sessions`; nothing here changes anything.
abstract contract SessionBook is Purse, IClaims, ISessions {
    /// @notice What a deployment is made with.
    struct Parameters {
        /// @dev Seconds in which a claim can be challenged.
        uint40 window;
        /// @dev Seconds that a provider has to claim after the user asked for its money back.
        uint40 closing;
        /// @dev φ: share of a minting claim's fee that is burnt, of 10,000.
        uint16 burnShare;
        /// @dev Share of a fee that goes to a companion, of 10,000.
        uint16 companionShare;
        /// @dev What a provider loses that concedes, in fees.
        uint16 concession;
    }

    /// @notice A session. `amount`, `commitment`, `actions` and `outputs` are the claim's.
    struct Session {
        address user;
        uint32 lanes;
        Status status;
        /// @dev Whether coin is burnt for it.
        bool minting;
        /// @dev Whether it was shown that it doesn't begin from its seed: then no tokens are minted for what is burnt.
        bool unseeded;
        /// @dev End of the closing period, or of the challenge window.
        uint40 ends;
        /// @dev Whose signature counts on vouchers and actions.
        address signer;
        uint96 deposit;
        address provider;
        uint96 amount;
        /// @dev Of a unit, the author's included.
        uint96 price;
        uint96 authorPrice;
        uint64 asset;
        address token;
        /// @dev Block whose hash the seed, or the companions' draw, is made of.
        uint40 drawBlock;
        uint32 games;
        bytes32 commitment;
        bytes32 actions;
        bytes32 outputs;
    }

    /// @notice Two signatures of a provider about one segment, and the claim of its own that they don't agree with.
    struct Contradiction {
        bytes32 session;
        Lane lane;
        /// @dev Opens the lane in the commitment.
        bytes32[] laneSiblings;
        /// @dev Which segment, and so which node.
        uint32 segment;
        /// @dev Its output in the claim, and what opens that in the claimed graph.
        bytes32 output;
        bytes32[] outputSiblings;
        /// @dev What the provider countersigned at the end of the segment before; not looked at for the first one.
        Messages.OutputRoot before;
        bytes beforeSignature;
        /// @dev What it countersigned at the end of the segment.
        Messages.OutputRoot after_;
        bytes afterSignature;
    }

    /// @dev All of 10,000.
    uint256 internal constant WHOLE = 10_000;
    /// @dev Kind of a lane's item in the commitment.
    bytes32 internal constant LANE = "hyperdust lane claim";
    /// @dev Kind of a running output root.
    bytes32 internal constant OUTPUTS = "hyperdust output chain";
    /// @dev Kind of a segment's action string.
    bytes32 internal constant ACTIONS = "hyperdust actions";
    /// @notice Lanes of a session, at most.
    uint32 public constant LANES = 4096;

    IAssets public immutable assets;
    IProviders public immutable providers;
    ICompanions public immutable companions;
    IWork public immutable work;
    /// @notice The only contracts that lock and settle claims: games about outputs, and about inputs.
    address public immutable disputes;
    address public immutable inputs;
    /// @notice Seconds in which a claim can be challenged.
    uint256 public immutable window;
    /// @notice Seconds that a provider has to claim after the user asked for its money back.
    uint256 public immutable closing;
    /// @notice φ, of 10,000.
    uint256 public immutable burnShare;
    /// @notice Companions' share, of 10,000.
    uint256 public immutable companionShare;
    /// @notice What a provider loses that concedes, in fees.
    uint256 public immutable concession;

    /// @notice Number of sessions that were ever opened.
    uint256 public count;
    mapping(bytes32 session => Session) internal sessions;
    /// @notice What a minting session's episodes have to begin from; zero until it is drawn.
    mapping(bytes32 session => bytes32) public seedOf;

    event Opened(
        bytes32 indexed session, address indexed user, address indexed provider, uint256 asset, address token, uint256 deposit
    );
    event Seeded(bytes32 indexed session, bytes32 seed);
    event Closing(bytes32 indexed session, uint256 ends);
    event Claimed(
        bytes32 indexed session, bytes32 commitment, uint64 units, uint256 amount, bytes32 actions, bytes32 outputs, uint256 ends
    );
    event Unseeded(bytes32 indexed session, uint32 lane, uint32 node);
    event Locked(bytes32 indexed session, uint256 games);
    event Contradicted(bytes32 indexed session, uint32 lane, uint32 segment, address indexed by, uint256 taken);
    event Settled(bytes32 indexed session, Verdict verdict, address indexed challenger, uint256 taken);
    event Paid(bytes32 indexed session, uint256 provider, uint256 author, uint256 companion, uint256 burnt);
    event Refunded(bytes32 indexed session, uint256 amount);
    event Rewarded(bytes32 indexed session, address indexed companion, uint256 amount);

    /// @notice Thrown when a parameter is out of range at deployment.
    error BadParameter(uint256 found);
    /// @notice Thrown when a session is where this can't be done.
    error WrongStatus(Status status);
    /// @notice Thrown when the caller isn't the one who may do this.
    error NotYours(address caller, address accepted);
    /// @notice Thrown when a session has no lanes, or too many.
    error BadLanes(uint256 lanes);
    /// @notice Thrown when a signer is zero.
    error NoSigner();
    /// @notice Thrown when a unit costs more than the user accepts.
    error TooDear(uint256 price, uint256 accepted);
    /// @notice Thrown when a session shall mint that isn't of a provable scene, or is paid in another currency than native coin.
    error CannotMint();
    /// @notice Thrown when this can't be done before a moment or block.
    error TooEarly(uint256 accepted);
    /// @notice Thrown when the time for this has passed: the voucher has expired with its session, or the window is over.
    error TooLate(uint256 accepted);
    /// @notice Thrown when the seed of a minting session wasn't drawn before it is claimed.
    error NoSeed();
    /// @notice Thrown when a voucher isn't signed by the session's signer for this chain, contract, session and contents.
    error BadSignature(address found, address accepted);
    /// @notice Thrown when a voucher gives more than its units cost, or nothing.
    error BadVoucher(uint256 amount, uint256 accepted);
    /// @notice Thrown when a claim commits to nothing.
    error NoCommitment();
    /// @notice Thrown when a lane isn't in a claim's commitment.
    error NoSuchLane(uint32 index);
    /// @notice Thrown when a node isn't in a lane's plan, or a header isn't in its action string.
    error NotOpened();
    /// @notice Thrown when what was countersigned is of another job or segment, agrees with the claim, or the asset is no scene.
    error NoContradiction();
    /// @notice Thrown when a lane begins from its seed, and no later segment from another; or the session doesn't mint.
    error WellSeeded();
    /// @notice Thrown when a claim has games that go on.
    error InDispute(uint256 games);
    /// @notice Thrown when a game is settled that wasn't begun.
    error NotLocked();

    /// @notice A session as it is stored.
    function get(bytes32 session) external view returns (Session memory) {
        return sessions[session];
    }

    /// @inheritdoc ISessions
    function stateOf(bytes32 session) external view returns (Status, bytes32, uint256) {
        Session storage s = sessions[session];
        return (s.status, s.commitment, s.ends);
    }

    /// @inheritdoc IClaims
    function claimOf(bytes32 session) external view returns (Claim memory c) {
        Session storage s = sessions[session];
        if (s.commitment == 0) return c;
        (c.program, c.content, c.provable) = assets.contentOf(s.asset);
        c.scene = assets.isScene(s.asset);
        (c.provider, c.signer, c.fee, c.lanes) = (s.provider, s.signer, s.amount, s.lanes);
        (c.commitment, c.actions, c.outputs) = (s.commitment, s.actions, s.outputs);
        (c.deadline, c.games, c.live) = (s.ends, s.games, s.status == Status.Claimed);
    }

    /// @inheritdoc IClaims
    function laneOf(bytes32 session, Lane calldata lane, bytes32[] calldata siblings) public view returns (bytes32 job) {
        Session storage s = sessions[session];
        job = jobOf(session, lane.index);
        bytes32 item = keccak256(abi.encode(LANE, job, lane.plan, lane.claim, lane.nodes));
        bytes32 root = Lists.root(Lists.CLAIMS, uint256(s.lanes) * 32, lane.index, item, siblings);
        if (root == 0 || root != s.commitment) revert NoSuchLane(lane.index);
    }

    /// @notice What the first segment of a minting session's lane has to begin with: these eight bytes are the seed in its action
    /// string's header, bytes 8 to 16 of it, little-endian.
    function laneSeed(bytes32 session, uint32 lane) public view returns (bytes8) {
        return bytes8(keccak256(abi.encodePacked(seedOf[session], uint64(lane))));
    }

    /// @notice The job of a lane, as it is named in what is signed.
    function jobOf(bytes32 session, uint32 lane) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(session, uint64(lane)));
    }
}
