// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";

import {IAssets} from "../interfaces/IAssets.sol";
import {Account} from "./Account.sol";
import {Shares} from "./Shares.sol";

/// @title Scenes and agents
/// @notice An asset is what a session is about: a scene (a world) or an agent (a policy). What it computes is fixed when it is
/// published: package, blueprint or model id, program and tier never change; a new version is a new asset, which
/// its forerunner's owner may name as its successor. Price, passes and successor are the owner's to set; they count for sessions that open afterwards.
///
/// Programs are image roots of the proof machine. Anyone may append one, nobody can remove one: the list says that a root exists, not that
/// it is good; authors choose from it, and users choose among assets by it.
///
/// An agent has two more addresses: a share token, which earns what the agent's author would earn, and an account that may hold
/// coin and act, for instance open a session with another agent.
contract Assets is ERC721, IAssets {
    /// @notice What is fixed about an asset.
    struct Asset {
        /// @dev Of all its files (`PackageId`).
        bytes32 package;
        /// @dev Blueprint or model id: first input of each of its jobs.
        bytes32 content;
        /// @dev Image root from the list; zero for an attested asset.
        bytes32 program;
        /// @dev Who published it.
        address author;
        /// @dev Whether work on it is provable, or attested.
        bool provable;
        /// @dev Whether it is an agent, or a scene.
        bool agent;
        /// @dev Whether only owners of a pass may open sessions.
        bool gated;
        /// @dev An agent's share token.
        Shares shares;
        /// @dev The account with which an agent holds coin and acts.
        Account account;
        /// @dev Of a pass, in native coin.
        uint96 passPrice;
        /// @dev What replaces it; 0 while nothing does.
        uint256 successor;
        string uri;
    }

    /// @notice What an author publishes.
    struct Publication {
        bytes32 package;
        bytes32 content;
        bytes32 program;
        bool provable;
        bool agent;
        bool gated;
        uint96 price;
        uint96 passPrice;
        string uri;
        /// @dev Of an agent's share token: all of them are the author's at first. Zero for a scene.
        uint256 shares;
        string name;
        string symbol;
    }

    /// @notice What a unit costs in one currency.
    struct Price {
        uint96 amount;
        bool active;
        bool known;
    }

    /// @notice Currencies that one asset can be sold for: its share token keeps an account of each.
    uint256 public constant CURRENCIES = 8;
    /// @notice Bytes of a metadata URI, at most.
    uint256 public constant LONGEST_URI = 512;

    /// @notice Passes; their ids are assets'.
    IERC1155 public immutable passes;
    /// @notice Number of assets. The first is number 1.
    uint256 public count;
    mapping(uint256 asset => Asset) private assetOf;
    mapping(uint256 asset => mapping(address token => Price)) public priceOf;
    mapping(uint256 asset => uint256) public currencies;
    /// @notice Programs in the order in which they were added.
    bytes32[] public programs;
    /// @notice Place in the list, from 1; 0 where it isn't in it.
    mapping(bytes32 program => uint256) public programAt;

    event ProgramAdded(uint256 indexed place, bytes32 indexed program, address indexed by);
    event Published(
        uint256 indexed asset, address indexed author, bytes32 indexed content, bytes32 package, bytes32 program, bool agent
    );
    event Priced(uint256 indexed asset, address indexed token, uint256 amount, bool active);
    event PassPriced(uint256 indexed asset, uint256 amount, bool gated);
    event Succeeded(uint256 indexed asset, uint256 indexed successor);

    /// @notice Thrown when a program is zero or in the list already.
    error BadProgram(bytes32 program);
    /// @notice Thrown when an asset names a program that isn't in the list, or a provable one none, or an attested one any.
    error UnknownProgram(bytes32 program);
    /// @notice Thrown when a package or content id is zero, a URI is too long, or a scene has shares or an agent none.
    error BadPublication();
    /// @notice Thrown when the caller doesn't own the asset.
    error NotOwner(uint256 asset, address caller);
    /// @notice Thrown when there is no such asset.
    error NoAsset(uint256 asset);
    /// @notice Thrown when an asset is named as its own successor.
    error BadSuccessor(uint256 asset, uint256 successor);
    /// @notice Thrown when the asset isn't sold for this currency.
    error NotSold(uint256 asset, address token);
    /// @notice Thrown when the asset asks for a pass that the user hasn't.
    error NoPass(uint256 asset, address user);
    /// @notice Thrown when the asset has as many currencies as it may.
    error TooManyCurrencies(uint256 asset);

    modifier onlyOwner(uint256 asset) {
        if (_ownerOf(asset) != msg.sender) revert NotOwner(asset, msg.sender);
        _;
    }

    constructor(IERC1155 passes_) ERC721("HyperDust assets", "HDA") {
        passes = passes_;
    }

    /// @notice Appends an image root to the list of programs.
    function addProgram(bytes32 program) external returns (uint256 place) {
        if (program == 0 || programAt[program] != 0) revert BadProgram(program);
        programs.push(program);
        place = programs.length;
        programAt[program] = place;
        emit ProgramAdded(place, program, msg.sender);
    }

    /// @notice Publishes an asset, which is the caller's, and is sold for native coin at once.
    function publish(Publication calldata p) external returns (uint256 asset) {
        if (p.provable ? programAt[p.program] == 0 : p.program != 0) revert UnknownProgram(p.program);
        if (
            p.package == 0 || p.content == 0 || bytes(p.uri).length > LONGEST_URI || p.agent != (p.shares > 0)
                || p.shares > type(uint128).max
        ) revert BadPublication();
        asset = ++count;
        Asset storage a = assetOf[asset];
        (a.package, a.content, a.program, a.author) = (p.package, p.content, p.program, msg.sender);
        (a.provable, a.agent, a.gated, a.passPrice, a.uri) = (p.provable, p.agent, p.gated, p.passPrice, p.uri);
        _mint(msg.sender, asset);
        emit Published(asset, msg.sender, p.content, p.package, p.program, p.agent);
        emit PassPriced(asset, p.passPrice, p.gated);
        price(asset, address(0), p.price, true);
        if (p.agent) {
            a.shares = new Shares(this, asset, msg.sender, p.shares, p.name, p.symbol);
            a.account = new Account(this, asset);
        }
    }

    /// @notice Sells the asset for a currency at so much a unit, or no longer.
    function setPrice(uint256 asset, address token, uint96 amount, bool active) external onlyOwner(asset) {
        price(asset, token, amount, active);
    }

    /// @notice Sets what a pass costs and whether one is needed.
    function setPass(uint256 asset, uint96 amount, bool gated) external onlyOwner(asset) {
        (assetOf[asset].passPrice, assetOf[asset].gated) = (amount, gated);
        emit PassPriced(asset, amount, gated);
    }

    /// @notice Says what replaces the asset.
    function setSuccessor(uint256 asset, uint256 successor) external onlyOwner(asset) {
        if (successor == asset || _ownerOf(successor) == address(0)) revert BadSuccessor(asset, successor);
        assetOf[asset].successor = successor;
        emit Succeeded(asset, successor);
    }

    /// @notice All about an asset but its prices.
    function get(uint256 asset) external view returns (Asset memory) {
        return known(asset);
    }

    /// @inheritdoc IAssets
    function contentOf(uint256 asset) external view returns (bytes32, bytes32, bool) {
        Asset storage a = known(asset);
        return (a.program, a.content, a.provable);
    }

    /// @inheritdoc IAssets
    function isScene(uint256 asset) external view returns (bool) {
        return !known(asset).agent;
    }

    /// @inheritdoc IAssets
    function terms(uint256 asset, address token, address user) external view returns (uint256, bool) {
        Price storage place = priceOf[asset][token];
        if (!place.active) revert NotSold(asset, token);
        Asset storage a = assetOf[asset];
        if (a.gated && passes.balanceOf(user, asset) == 0) revert NoPass(asset, user);
        return (place.amount, a.provable && !a.agent);
    }

    /// @inheritdoc IAssets
    function payee(uint256 asset) external view returns (address) {
        Shares shares = known(asset).shares;
        return address(shares) == address(0) ? _ownerOf(asset) : address(shares);
    }

    /// @inheritdoc IAssets
    function sells(uint256 asset, address token) external view returns (bool) {
        return priceOf[asset][token].active;
    }

    /// @inheritdoc IAssets
    function priced(uint256 asset, address token) external view returns (bool) {
        return priceOf[asset][token].known;
    }

    /// @inheritdoc IAssets
    function ownerOf(uint256 asset) public view override(ERC721, IAssets) returns (address) {
        return super.ownerOf(asset);
    }

    /// @inheritdoc IAssets
    function passPriceOf(uint256 asset) external view returns (uint256) {
        return known(asset).passPrice;
    }

    /// @notice Where its metadata is.
    function tokenURI(uint256 asset) public view override returns (string memory) {
        return known(asset).uri;
    }

    function price(uint256 asset, address token, uint96 amount, bool active) private {
        Price storage place = priceOf[asset][token];
        if (!place.known && ++currencies[asset] > CURRENCIES) revert TooManyCurrencies(asset);
        (place.amount, place.active, place.known) = (amount, active, true);
        emit Priced(asset, token, amount, active);
    }

    function known(uint256 asset) private view returns (Asset storage) {
        if (asset == 0 || asset > count) revert NoAsset(asset);
        return assetOf[asset];
    }
}
