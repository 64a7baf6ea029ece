// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAssets} from "../interfaces/IAssets.sol";
import {IProviders} from "../interfaces/IProviders.sol";
import {Purse} from "./Purse.sol";

/// @title Who serves, where, for how much, and with what at stake
/// @notice A provider registers how it is reached, bonds, and offers assets at a price; users find it here. Bonds are of
/// the currency of the sessions that they stand behind, so that no price feed is needed.
///
/// Invariants: for each provider and currency `reserved + leaving <= bond`. A session of deposit `d` reserves `ratio·d` from its opening to its
/// end, so every open claim has a part of the bond to itself: a thousand claims behind one bond can all be lost, and all are paid for.
/// Nobody but the provider's own defeat in a dispute takes anything from its bond.
contract Providers is Purse, IProviders {
    /// @notice κ: bond that stands behind a session, in multiples of its deposit.
    uint256 public immutable ratio;
    /// @notice Seconds between asking for a bond back and getting it.
    uint256 public immutable delay;
    /// @notice Who gets what of a penalty: the challenger's share of 10,000; the rest is burnt.
    uint256 public immutable challengerShare;
    /// @notice The only contract that reserves and slashes.
    address public immutable sessions;
    /// @notice Where assets are.
    IAssets public immutable assets;

    /// @dev All of 10,000.
    uint256 private constant WHOLE = 10_000;

    /// @notice A bond in one currency.
    struct Bond {
        /// @dev All of it, the other two included.
        uint96 bond;
        /// @dev Behind sessions.
        uint96 reserved;
        /// @dev When `leaving` can be taken.
        uint40 until;
        /// @dev Asked back.
        uint96 leaving;
    }

    /// @notice How a provider is reached.
    struct Contact {
        /// @dev Of its server's socket, such as `tcp://host:5555`.
        string endpoint;
        /// @dev Public key of that socket.
        bytes32 curve;
    }

    /// @notice What a provider asks for a unit of an asset.
    struct Offer {
        uint96 price;
        bool active;
        /// @dev Whether it is in the list.
        bool listed;
    }

    mapping(address provider => mapping(address token => Bond)) public bondOf;
    mapping(address provider => Contact) public contactOf;
    mapping(address provider => mapping(uint256 asset => mapping(address token => Offer))) public offerOf;
    /// @notice Coin that nobody will ever get: what was slashed and not given to a challenger.
    mapping(address token => uint256) public burnt;

    mapping(uint256 asset => mapping(address token => address[])) private listed;

    event Registered(address indexed provider, string endpoint, bytes32 curve);
    event Offered(address indexed provider, uint256 indexed asset, address indexed token, uint256 price, bool active);
    event Bonded(address indexed provider, address indexed token, uint256 amount);
    event Leaving(address indexed provider, address indexed token, uint256 amount, uint256 until);
    event Left(address indexed provider, address indexed token, uint256 amount);
    event Slashed(address indexed provider, address indexed token, uint256 amount, address indexed to);

    /// @notice Thrown when the caller isn't `Sessions`.
    error NotSessions(address caller);
    /// @notice Thrown when a ratio or a share is out of range at deployment.
    error BadParameter(uint256 found);
    /// @notice Thrown when an endpoint is empty or longer than 256 bytes, or a key is zero.
    error BadContact();
    /// @notice Thrown when a provider that has registered no contact makes an offer.
    error NoContact();
    /// @notice Thrown when the asset has no price in this currency.
    error NotSold(uint256 asset, address token);
    /// @notice Thrown when the provider doesn't offer the asset for this currency.
    error NotOffered(address provider, uint256 asset, address token);
    /// @notice Thrown when less of the bond is free than is needed.
    error TooLittleBond(uint256 free, uint256 needed);
    /// @notice Thrown when a bond is taken before its time, or nothing was asked back.
    error TooEarly(uint256 until);

    modifier onlySessions() {
        if (msg.sender != sessions) revert NotSessions(msg.sender);
        _;
    }

    constructor(IAssets assets_, address sessions_, uint256 ratio_, uint256 delay_, uint256 challengerShare_) {
        if (ratio_ == 0 || ratio_ > 1_000) revert BadParameter(ratio_);
        if (challengerShare_ >= WHOLE) revert BadParameter(challengerShare_);
        if (delay_ > 365 days) revert BadParameter(delay_);
        (assets, sessions, ratio, delay, challengerShare) = (assets_, sessions_, ratio_, delay_, challengerShare_);
    }

    /// @notice Says how the caller is reached from now on.
    function register(string calldata endpoint, bytes32 curve) external {
        if (bytes(endpoint).length == 0 || bytes(endpoint).length > 256 || curve == 0) revert BadContact();
        contactOf[msg.sender] = Contact(endpoint, curve);
        emit Registered(msg.sender, endpoint, curve);
    }

    /// @notice Offers an asset for so much a unit on top of what its author asks, or no longer.
    function offer(uint256 asset, address token, uint96 price, bool active) external {
        if (contactOf[msg.sender].curve == 0) revert NoContact();
        if (!assets.sells(asset, token)) revert NotSold(asset, token);
        Offer storage place = offerOf[msg.sender][asset][token];
        if (!place.listed) listed[asset][token].push(msg.sender);
        (place.price, place.active, place.listed) = (price, active, true);
        emit Offered(msg.sender, asset, token, price, active);
    }

    /// @notice Adds to the caller's bond. A token that keeps a part of each transfer counts with what came.
    function bond(address token, uint256 amount) external payable nonReentrant {
        uint96 came = take(token, amount);
        bondOf[msg.sender][token].bond += came;
        emit Bonded(msg.sender, token, came);
    }

    /// @notice Asks for bond that no session needs; it can be taken after the delay. Asking again begins the delay anew, for all of it.
    function unbond(address token, uint96 amount) external {
        Bond storage place = bondOf[msg.sender][token];
        if (amount == 0) revert BadAmount(0);
        uint256 unused = uint256(place.bond) - place.reserved - place.leaving;
        if (unused < amount) revert TooLittleBond(unused, amount);
        place.leaving += amount;
        place.until = uint40(block.timestamp + delay);
        emit Leaving(msg.sender, token, amount, place.until);
    }

    /// @notice After the delay: owes the caller what it asked back.
    function takeBond(address token) external {
        Bond storage place = bondOf[msg.sender][token];
        uint96 amount = place.leaving;
        if (amount == 0 || block.timestamp < place.until) revert TooEarly(place.until);
        place.leaving = 0;
        place.bond -= amount;
        credit(token, msg.sender, amount);
        emit Left(msg.sender, token, amount);
    }

    /// @inheritdoc IProviders
    function reserve(address provider, uint256 asset, address token, uint256 deposit)
        external
        onlySessions
        returns (uint256 price)
    {
        Offer storage place = offerOf[provider][asset][token];
        if (!place.active) revert NotOffered(provider, asset, token);
        Bond storage behind = bondOf[provider][token];
        uint256 needed = ratio * deposit;
        uint256 unused = uint256(behind.bond) - behind.reserved - behind.leaving;
        if (unused < needed) revert TooLittleBond(unused, needed);
        // At most `unused`, which fits.
        behind.reserved += uint96(needed);
        price = place.price;
    }

    /// @inheritdoc IProviders
    function release(address provider, address token, uint256 deposit) external onlySessions {
        bondOf[provider][token].reserved -= uint96(ratio * deposit);
    }

    /// @inheritdoc IProviders
    function slash(address provider, address token, uint256 deposit, uint256 penalty, address to)
        external
        onlySessions
        returns (uint256 taken)
    {
        Bond storage behind = bondOf[provider][token];
        uint256 part = ratio * deposit;
        taken = penalty < part ? penalty : part;
        behind.reserved -= uint96(part);
        behind.bond -= uint96(taken);
        uint256 share = taken * challengerShare / WHOLE;
        burnt[token] += taken - share;
        credit(token, to, share);
        emit Slashed(provider, token, taken, to);
    }

    /// @notice What of a provider's bond no session needs and nobody asked back: a session of a `ratio`th of it can be opened.
    function available(address provider, address token) external view returns (uint256) {
        Bond storage place = bondOf[provider][token];
        return uint256(place.bond) - place.reserved - place.leaving;
    }

    /// @notice Providers that have ever offered the asset for this currency: `count` from `from` on, fewer at the end. Whether
    /// an offer is still active, and how much bond is free, is to be asked of each.
    function offers(uint256 asset, address token, uint256 from, uint256 count)
        external
        view
        returns (address[] memory some, uint256 total)
    {
        address[] storage all = listed[asset][token];
        total = all.length;
        if (from > total) from = total;
        if (count > total - from) count = total - from;
        some = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            some[i] = all[from + i];
        }
    }
}
