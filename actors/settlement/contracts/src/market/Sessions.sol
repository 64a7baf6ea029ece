// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAssets} from "../interfaces/IAssets.sol";
import {IClaims} from "../interfaces/IClaims.sol";
import {ICompanions} from "../interfaces/ICompanions.sol";
import {IProviders} from "../interfaces/IProviders.sol";
import {IWork} from "../interfaces/IWork.sol";
import {Lists} from "./Lists.sol";
import {Messages} from "./Messages.sol";
import {SessionBook} from "./SessionBook.sol";

/// @title Deposits, vouchers, claims, payment
/// @notice A user opens a session with a deposit; then all goes off chain, and the user signs vouchers, each of which replaces the one before. The
/// provider ends the session with one claim: a commitment to what it computed and the highest voucher. Unless a dispute
/// overturns it within the window, it is paid out.
///
/// ```
///          open            claim             finalise          reward
///   None ────────► Open ──────────► Claimed ──────────► Paid ─────────► Ended
///                  │  ▲ │ decline      │ settle(Conceded | Refuted)       ▲
///            close ▼  │ └──────────────┴──────────────────────────────────┤
///                Closing ─── claim, decline as above; reclaim ────────────┘
///   Claimed ── contradicted ──► Ended
/// ```
/// Invariants: what this contract holds of a currency is what it owes in it plus the deposits of sessions that haven't ended, less what was
/// paid of them. Either side alone brings a session to its end: the provider by `claim` or `decline`, the user by `close` and `reclaim`; and
/// `finalise` is everyone's once window and games are over. Every session is claimed at most once, and so is each of its jobs.
contract Sessions is SessionBook {
    /// @notice What a user asks for.
    struct Opening {
        address provider;
        uint64 asset;
        /// @dev Zero for native coin.
        address token;
        uint256 deposit;
        /// @dev The key that will sign vouchers and actions; an account that is a contract names another here.
        address signer;
        uint32 lanes;
        /// @dev What a unit may cost.
        uint256 maxPrice;
        /// @dev Whether the work shall count for minting: its episodes then begin from the session's seed.
        bool minting;
    }

    /// @notice A claim with its voucher.
    struct Claiming {
        bytes32 session;
        bytes32 commitment;
        uint64 units;
        uint256 amount;
        bytes32 actions;
        bytes32 outputs;
        bytes signature;
    }

    constructor(
        IAssets assets_,
        IProviders providers_,
        ICompanions companions_,
        IWork work_,
        address disputes_,
        address inputs_,
        Parameters memory p
    ) {
        if (uint256(p.burnShare) + p.companionShare >= WHOLE) revert BadParameter(p.burnShare);
        if (p.window == 0 || p.window > 90 days) revert BadParameter(p.window);
        if (p.closing == 0 || p.closing > 90 days) revert BadParameter(p.closing);
        (assets, providers, companions, work) = (assets_, providers_, companions_, work_);
        (disputes, inputs) = (disputes_, inputs_);
        (window, closing, concession) = (p.window, p.closing, p.concession);
        (burnShare, companionShare) = (p.burnShare, p.companionShare);
    }

    /// @notice Opens a session. Price and bond are checked now, and hold to its end whatever author or provider change.
    function open(Opening calldata o) external payable nonReentrant returns (bytes32 session) {
        if (o.lanes == 0 || o.lanes > LANES) revert BadLanes(o.lanes);
        if (o.signer == address(0)) revert NoSigner();
        uint96 deposit = take(o.token, o.deposit);
        (uint256 authorPrice, bool mintable) = assets.terms(o.asset, o.token, msg.sender);
        uint256 price = authorPrice + providers.reserve(o.provider, o.asset, o.token, deposit);
        if (price > o.maxPrice || price > type(uint96).max) revert TooDear(price, o.maxPrice);
        if (o.minting && !(mintable && o.token == NATIVE)) revert CannotMint();

        session = keccak256(abi.encode(block.chainid, address(this), ++count));
        Session storage s = sessions[session];
        (s.user, s.lanes, s.status, s.minting) = (msg.sender, o.lanes, Status.Open, o.minting);
        (s.signer, s.deposit) = (o.signer, deposit);
        s.provider = o.provider;
        (s.price, s.authorPrice, s.asset) = (uint96(price), uint96(authorPrice), o.asset);
        if (o.token != NATIVE) s.token = o.token;
        if (o.minting) s.drawBlock = uint40(block.number + 1);
        emit Opened(session, msg.sender, o.provider, o.asset, o.token, deposit);
    }

    /// @notice Draws the seed of a minting session from a block that came after it was opened. Too late for that block's hash: a
    /// later block is waited for, and this is called again. Anyone may.
    function draw(bytes32 session) external returns (bytes32 seed) {
        Session storage s = sessions[session];
        if (s.status != Status.Open || !s.minting || seedOf[session] != 0) revert WrongStatus(s.status);
        bytes32 later = drawnFrom(s);
        if (later == 0) return 0;
        seed = keccak256(abi.encode(session, later));
        seedOf[session] = seed;
        emit Seeded(session, seed);
    }

    /// @notice The provider gives the session up: the user gets everything back.
    function decline(bytes32 session) external nonReentrant {
        Session storage s = sessions[session];
        if (s.status != Status.Open && s.status != Status.Closing) revert WrongStatus(s.status);
        if (msg.sender != s.provider) revert NotYours(msg.sender, s.provider);
        refund(session, s);
    }

    /// @notice The user wants its money back. The provider has a while to claim what it has vouchers for.
    function close(bytes32 session) external {
        Session storage s = sessions[session];
        if (s.status != Status.Open) revert WrongStatus(s.status);
        if (msg.sender != s.user) revert NotYours(msg.sender, s.user);
        (s.status, s.ends) = (Status.Closing, uint40(block.timestamp + closing));
        emit Closing(session, s.ends);
    }

    /// @notice That while is over: the user gets everything back.
    function reclaim(bytes32 session) external nonReentrant {
        Session storage s = sessions[session];
        if (s.status != Status.Closing) revert WrongStatus(s.status);
        if (block.timestamp <= s.ends) revert TooEarly(uint256(s.ends) + 1);
        refund(session, s);
    }

    /// @notice Claims several sessions: each as `claim` does, or none.
    function claimAll(Claiming[] calldata claims) external {
        for (uint256 i = 0; i < claims.length; ++i) {
            claim(claims[i]);
        }
    }

    /// @notice The provider claims what the highest voucher gives, or the deposit where that is less, for what `commitment` says.
    function claim(Claiming calldata c) public {
        Session storage s = sessions[c.session];
        Status status = s.status;
        if (status != Status.Open && status != Status.Closing) revert WrongStatus(status);
        if (status == Status.Closing && block.timestamp > s.ends) revert TooLate(s.ends);
        if (msg.sender != s.provider) revert NotYours(msg.sender, s.provider);
        if (c.commitment == 0) revert NoCommitment();
        if (s.minting && seedOf[c.session] == 0) revert NoSeed();
        uint256 worth = uint256(c.units) * s.price;
        if (c.amount == 0 || c.amount > worth) revert BadVoucher(c.amount, worth);
        bytes32 voucher = Messages.hash(Messages.Voucher(c.session, c.units, c.amount, c.actions, c.outputs));
        signedBy(s.signer, voucher, c.signature);

        uint96 deposit = s.deposit;
        uint96 amount = c.amount < deposit ? uint96(c.amount) : deposit;
        (s.status, s.ends, s.amount) = (Status.Claimed, uint40(block.timestamp + window), amount);
        (s.commitment, s.actions, s.outputs) = (c.commitment, c.actions, c.outputs);
        emit Claimed(c.session, c.commitment, c.units, amount, c.actions, c.outputs, s.ends);
    }

    /// @notice Shows that a lane of a minting claim doesn't begin from its seed, or begins anew from another one later: what it computed may
    /// have been computed before. The claim then mints nothing; it is paid, and its share is burnt, as before. Work counts once,
    /// since no two lanes of any two sessions have one seed.
    /// @param laneSiblings Opens the lane in the commitment.
    /// @param node Which segment, from 0.
    /// @param nodeSiblings Opens word 4 of the node (the root of its action string) in the lane's plan.
    /// @param header First leaf of that string.
    /// @param length Bytes of that string.
    /// @param headerSiblings Opens the header in the string.
    function unseeded(
        bytes32 session,
        Lane calldata lane,
        bytes32[] calldata laneSiblings,
        uint32 node,
        bytes32[] calldata nodeSiblings,
        bytes32 header,
        uint64 length,
        bytes32[] calldata headerSiblings
    ) external {
        Session storage s = sessions[session];
        if (s.status != Status.Claimed) revert WrongStatus(s.status);
        laneOf(session, lane, laneSiblings);
        bytes32 string_ = Lists.root(ACTIONS, length, 0, header, headerSiblings);
        if (
            string_ == 0 || node >= lane.nodes
                || Lists.root(Lists.GRAPH, uint256(lane.nodes) * 256, uint256(node) * 8 + 4, string_, nodeSiblings)
                    != lane.plan
        ) revert NotOpened();
        bool reseeds = header[6] == 0x02;
        bool well = node == 0 ? reseeds && bytes8(header << 64) == laneSeed(session, lane.index) : !reseeds;
        if (well || !s.minting || s.unseeded) revert WellSeeded();
        s.unseeded = true;
        emit Unseeded(session, lane.index, node);
    }

    /// @notice Shows that the provider claims another output of a segment than the one that it countersigned to the user. One of the two is a lie,
    /// whichever, so the claim falls as if refuted, without a game. Within the window; anyone may, and gets the challenger's share.
    function contradicted(Contradiction calldata c) external nonReentrant returns (uint256 taken) {
        Session storage s = sessions[c.session];
        if (s.status != Status.Claimed) revert WrongStatus(s.status);
        if (block.timestamp > s.ends) revert TooLate(s.ends);
        bytes32 job = laneOf(c.session, c.lane, c.laneSiblings);
        uint256 place = uint256(c.segment) * 8 + 6;
        if (
            c.segment >= c.lane.nodes
                || Lists.root(Lists.GRAPH, uint256(c.lane.nodes) * 256, place, c.output, c.outputSiblings) != c.lane.claim
        ) revert NotOpened();
        bytes32 before = 0;
        if (c.segment > 0) {
            if (c.before.job != job || uint256(c.before.segment) + 1 != c.segment) revert NoContradiction();
            signedBy(s.provider, Messages.hash(c.before), c.beforeSignature);
            before = c.before.root;
        }
        signedBy(s.provider, Messages.hash(c.after_), c.afterSignature);
        if (
            c.after_.job != job || c.after_.segment != c.segment || !assets.isScene(s.asset)
                || keccak256(abi.encode(OUTPUTS, before, c.output)) == c.after_.root
        ) revert NoContradiction();
        taken = fall(c.session, s, type(uint256).max, msg.sender);
        emit Contradicted(c.session, c.lane.index, c.segment, msg.sender, taken);
    }

    /// @inheritdoc IClaims
    function lock(bytes32 session) external {
        fromGames();
        Session storage s = sessions[session];
        if (s.status != Status.Claimed) revert WrongStatus(s.status);
        if (block.timestamp > s.ends) revert TooLate(s.ends);
        emit Locked(session, ++s.games);
    }

    /// @inheritdoc IClaims
    function settle(bytes32 session, Verdict verdict, address challenger) external nonReentrant returns (uint256 taken) {
        fromGames();
        Session storage s = sessions[session];
        if (s.games == 0) revert NotLocked();
        --s.games;
        if (verdict != Verdict.Upheld && s.status == Status.Claimed) {
            uint256 penalty = verdict == Verdict.Conceded ? concession * s.amount : type(uint256).max;
            taken = fall(session, s, penalty, challenger);
        }
        emit Settled(session, verdict, challenger, taken);
    }

    /// @notice Pays several claims out: each as `finalise` does, or none.
    function finaliseAll(bytes32[] calldata ids) external {
        for (uint256 i = 0; i < ids.length; ++i) {
            finalise(ids[i]);
        }
    }

    /// @notice Pays a claim out that nobody overturned. Anyone may.
    function finalise(bytes32 session) public nonReentrant {
        Session storage s = sessions[session];
        if (s.status != Status.Claimed) revert WrongStatus(s.status);
        if (block.timestamp <= s.ends) revert TooEarly(uint256(s.ends) + 1);
        if (s.games != 0) revert InDispute(s.games);
        (uint256 amount, uint256 deposit, address token) = (s.amount, s.deposit, s.token);

        (uint256 burnt, uint256 pot) = shares(s);
        uint256 author = (amount - burnt - pot) * s.authorPrice / s.price;
        uint256 earned = amount - burnt - pot - author;
        // Where no companion came to the same, its part is the user's: a provider gains nothing by keeping companions away.
        bool attested = pot > 0 && companions.attestations(session) > 0;
        s.status = attested ? Status.Paid : Status.Ended;
        if (attested) s.drawBlock = uint40(block.number + 1);
        emit Paid(session, earned, author, attested ? pot : 0, burnt);

        credit(token, s.provider, earned);
        credit(token, assets.payee(s.asset), author);
        credit(token, s.user, deposit - amount + (attested ? 0 : pot));
        providers.release(s.provider, token, deposit);
        if (burnt > 0) work.record{value: burnt}(s.unseeded ? address(0) : s.provider);
    }

    /// @notice Draws who of the session's companions gets the companions' part, from a block that came after `finalise`. Too late for that
    /// block's hash: a later block is waited for, and this is called again. Anyone may.
    function reward(bytes32 session) external nonReentrant returns (address companion) {
        Session storage s = sessions[session];
        if (s.status != Status.Paid) revert WrongStatus(s.status);
        bytes32 later = drawnFrom(s);
        if (later == 0) return address(0);
        s.status = Status.Ended;
        companion = companions.drawn(session, uint256(keccak256(abi.encode(session, later))));
        (, uint256 pot) = shares(s);
        credit(s.token, companion, pot);
        emit Rewarded(session, companion, pot);
    }

    /// @dev Refuses whoever isn't one of the games.
    function fromGames() private view {
        if (msg.sender != disputes && msg.sender != inputs) revert NotYours(msg.sender, disputes);
    }

    /// @dev Refuses a structure that `signer` hasn't signed for this chain and contract.
    function signedBy(address signer, bytes32 structHash, bytes calldata signature) private view {
        (address found,,) = ECDSA.tryRecover(Messages.digest(address(this), structHash), signature);
        if (found != signer) revert BadSignature(found, signer);
    }

    /// @dev What of a claim is burnt, and what is the companions'. Burning is rounded up, so that work of one wei isn't free of it; all
    /// else is rounded down and the provider has the rest, so nothing is left over.
    function shares(Session storage s) private view returns (uint256 burnt, uint256 pot) {
        uint256 amount = s.amount;
        burnt = s.minting ? Math.ceilDiv(amount * burnShare, WHOLE) : 0;
        pot = (amount - burnt) * companionShare / WHOLE;
    }

    /// @dev The hash of the block that was waited for, or zero where it is forgotten; then a later one is waited for.
    function drawnFrom(Session storage s) private returns (bytes32 later) {
        uint256 awaited = s.drawBlock;
        if (block.number <= awaited) revert TooEarly(awaited + 1);
        later = blockhash(awaited);
        if (later == 0) s.drawBlock = uint40(block.number + 1);
    }

    /// @dev Ends a session whose claim is false: the user has everything back, and the provider loses `penalty`, if the work is provable.
    function fall(bytes32 session, Session storage s, uint256 penalty, address to) private returns (uint256 taken) {
        (,, bool provable) = assets.contentOf(s.asset);
        s.status = Status.Ended;
        taken = providers.slash(s.provider, s.token, s.deposit, provable ? penalty : 0, to);
        credit(s.token, s.user, s.deposit);
        emit Refunded(session, s.deposit);
    }

    /// @dev Ends a session that wasn't claimed.
    function refund(bytes32 session, Session storage s) private {
        s.status = Status.Ended;
        credit(s.token, s.user, s.deposit);
        providers.release(s.provider, s.token, s.deposit);
        emit Refunded(session, s.deposit);
    }
}
