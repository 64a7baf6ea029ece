// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

import {IAssets} from "../../src/interfaces/IAssets.sol";
import {IClaims} from "../../src/interfaces/IClaims.sol";
import {ISessions} from "../../src/interfaces/ISessions.sol";
import {Assets} from "../../src/market/Assets.sol";
import {Companions} from "../../src/market/Companions.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Passes} from "../../src/market/Passes.sol";
import {Providers} from "../../src/market/Providers.sol";
import {SessionBook} from "../../src/market/SessionBook.sol";
import {Sessions} from "../../src/market/Sessions.sol";
import {Token} from "../../src/market/Token.sol";
import {Work} from "../../src/market/Work.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Checked} from "./Cheats.sol";

/// @notice Stands in for `Disputes`: begins and ends games as it is told. What a game is about is not the market's business. The whole, with
/// the real one, is in `test/whole`.
contract Referee {
    IClaims public immutable claims;

    constructor(IClaims claims_) {
        claims = claims_;
    }

    function lock(bytes32 session) external {
        claims.lock(session);
    }

    function settle(bytes32 session, IClaims.Verdict verdict, address challenger) external returns (uint256) {
        return claims.settle(session, verdict, challenger);
    }
}

/// @notice A market with one scene and one provider, and the ways through it.
abstract contract World is Checked {
    uint256 internal constant RATIO = 20;
    uint256 internal constant CONCESSION = 10;
    uint40 internal constant WINDOW = 1 days;
    uint40 internal constant CLOSING = 6 hours;
    uint256 internal constant DELAY = 7 days;
    uint256 internal constant EPOCH = 7 days;
    uint256 internal constant EMISSION = 1_000_000 ether;
    uint256 internal constant COMPANION_BOND = 1 ether;
    uint256 internal constant QUESTION = 0.01 ether;
    uint256 internal constant ANSWER = 3 hours;
    uint96 internal constant AUTHOR_PRICE = 3 gwei;
    uint96 internal constant PROVIDER_PRICE = 7 gwei;
    address internal constant NATIVE = address(0);
    bytes32 internal constant PROGRAM = keccak256("program");

    // Keys that everybody knows, for tests alone.
    uint256 internal constant USER_KEY = 0xA11CE;
    uint256 internal constant PROVIDER_KEY = 0xB0B;
    uint256 internal constant COMPANION_KEY = 0xC0DE;

    address internal user = vm.addr(USER_KEY);
    address internal provider = vm.addr(PROVIDER_KEY);
    address internal companion = vm.addr(COMPANION_KEY);
    address internal author = address(0xA0708);
    address internal challenger = address(0xC4A1);

    Assets internal assets;
    Passes internal passes;
    Token internal token;
    Work internal work;
    Providers internal providers;
    Companions internal companions;
    Sessions internal sessions;
    Referee internal referee;
    Inputs internal inputs;
    uint64 internal scene;

    function setUp() public virtual {
        deploy();
        bytes32 program = PROGRAM;
        assets.addProgram(program);
        vm.prank(author);
        scene = uint64(assets.publish(publication(true, false)));
        vm.deal(provider, 1_000 ether);
        vm.startPrank(provider);
        providers.register("tcp://localhost:5555", keccak256("curve"));
        providers.bond{value: 100 ether}(NATIVE, 100 ether);
        providers.offer(scene, NATIVE, PROVIDER_PRICE, true);
        vm.stopPrank();
        vm.deal(user, 1_000 ether);
        vm.deal(companion, 10 ether);
    }

    /// @dev Contracts that know each other: each address follows from the deployer and its nonce.
    function deploy() private {
        uint256 nonce = vm.getNonce(address(this));
        address[9] memory to;
        for (uint256 i = 0; i < 9; ++i) {
            to[i] = vm.computeCreateAddress(address(this), nonce + i);
        }
        passes = new Passes(IAssets(to[1]));
        assets = new Assets(IERC1155(to[0]));
        token = new Token(to[3]);
        work = new Work(Token(to[2]), to[8], EPOCH, EMISSION, 4);
        providers = new Providers(IAssets(to[1]), to[8], RATIO, DELAY, 5_000);
        companions = new Companions(ISessions(to[8]), COMPANION_BOND, DELAY, 5_000);
        address disputes = outputGames(IClaims(to[8]));
        inputs = new Inputs(IClaims(to[8]), QUESTION, ANSWER);
        sessions =
            new Sessions(assets, providers, companions, work, disputes, address(inputs), parameters());
        same(address(sessions), to[8], "address of Sessions");
    }

    /// @dev Makes the contract that plays games about outputs.
    function outputGames(IClaims claims) internal virtual returns (address) {
        referee = new Referee(claims);
        return address(referee);
    }

    function parameters() internal pure returns (SessionBook.Parameters memory) {
        return SessionBook.Parameters({
            window: WINDOW,
            closing: CLOSING,
            burnShare: 500,
            companionShare: 1_000,
            concession: uint16(CONCESSION)
        });
    }

    function publication(bool provable, bool agent) internal pure returns (Assets.Publication memory p) {
        p.package = keccak256("package");
        p.content = keccak256("blueprint");
        p.program = provable ? PROGRAM : bytes32(0);
        (p.provable, p.agent) = (provable, agent);
        p.price = AUTHOR_PRICE;
        p.uri = "ipfs://scene";
        if (agent) (p.shares, p.name, p.symbol) = (1_000 ether, "Walker shares", "WALK");
    }

    function opening(uint256 deposit, bool minting) internal view virtual returns (Sessions.Opening memory o) {
        o.provider = provider;
        o.asset = scene;
        o.deposit = deposit;
        o.signer = user;
        o.lanes = 1;
        o.maxPrice = AUTHOR_PRICE + PROVIDER_PRICE;
        o.minting = minting;
    }

    function open(uint256 deposit, bool minting) internal returns (bytes32) {
        vm.prank(user);
        return sessions.open{value: deposit}(opening(deposit, minting));
    }

    /// @dev Opens a minting session and draws its seed.
    function seeded(uint256 deposit) internal returns (bytes32 session) {
        session = open(deposit, true);
        vm.roll(block.number + 2);
        sessions.draw(session);
    }

    /// @dev A voucher of `amount`, for as many units as that pays for.
    function voucher(bytes32 session, uint256 amount) internal view returns (Sessions.Claiming memory c) {
        c.session = session;
        c.commitment = commitmentOf(session);
        uint256 price = AUTHOR_PRICE + PROVIDER_PRICE;
        c.units = uint64((amount + price - 1) / price);
        c.amount = amount;
        c.actions = actionsOf(session);
        c.outputs = keccak256("outputs");
        c.signature = signed(USER_KEY, c);
    }

    /// @dev What the provider commits to; of no lanes that could be opened, unless a test says otherwise.
    function commitmentOf(bytes32 session) internal view virtual returns (bytes32) {
        return keccak256(abi.encode("commitment", session));
    }

    /// @dev The action roots that a voucher is for.
    function actionsOf(bytes32) internal view virtual returns (bytes32) {
        return keccak256("actions");
    }

    function signed(uint256 key, Sessions.Claiming memory c) internal view returns (bytes memory) {
        Messages.Voucher memory v = Messages.Voucher(c.session, c.units, c.amount, c.actions, c.outputs);
        return sign(key, Messages.hash(v));
    }

    function sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, Messages.digest(address(sessions), structHash));
        return abi.encodePacked(r, s, v);
    }

    function claim(bytes32 session, uint256 amount) internal {
        Sessions.Claiming memory c = voucher(session, amount);
        vm.prank(provider);
        sessions.claim(c);
    }

    /// @dev The companion joins, commits before the claim, and opens after it.
    function commitment(bytes32 root, address by, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(bytes32("hyperdust commitment"), root, by, salt));
    }

    function join(address who) internal {
        vm.prank(who);
        companions.join{value: COMPANION_BOND}();
    }

    function pass() internal {
        vm.warp(block.timestamp + WINDOW + 1);
    }

    /// @dev What an account has and can fetch of native coin.
    function worth(address account) internal view returns (uint256) {
        return account.balance + sessions.owed(NATIVE, account) + providers.owed(NATIVE, account)
            + companions.owed(NATIVE, account) + passes.owed(NATIVE, account) + inputs.owed(NATIVE, account);
    }

    function status(bytes32 session) internal view returns (ISessions.Status s) {
        (s,,) = sessions.stateOf(session);
    }
}
