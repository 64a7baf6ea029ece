// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IWork} from "../interfaces/IWork.sol";
import {Token} from "./Token.sol";

/// @title Coin burnt for provable work, and tokens for it
/// @notice Time is cut into epochs. Each epoch has an emission E, which halves every so many epochs, and is split in proportion to the
/// coin that was burnt in it: `mint = E·burnᵢ / Σburn`, rounded down. So the price of a token is Σburn / E coins, whoever burns: to deal with
/// oneself is to buy tokens at everyone's price. What an epoch without burning would have emitted is never emitted.
///
/// Invariants: this contract has no way to send coin, so what it holds is gone. Of an epoch no more than its emission is minted, and of
/// all epochs less than `2 · halving · first`.
contract Work is IWork {
    /// @notice What is minted.
    Token public immutable token;
    /// @notice The only contract whose burning counts.
    address public immutable sessions;
    /// @notice When epoch 0 began.
    uint256 public immutable start;
    /// @notice Seconds of an epoch.
    uint256 public immutable length;
    /// @notice Emission of epoch 0, in the token's smallest unit.
    uint256 public immutable first;
    /// @notice Epochs of one emission.
    uint256 public immutable halving;

    /// @notice Coin burnt in an epoch.
    mapping(uint256 epoch => uint256) public total;
    /// @notice Coin burnt in an epoch by a worker and not minted for yet.
    mapping(uint256 epoch => mapping(address worker => uint256)) public burnt;

    event Burnt(uint256 indexed epoch, address indexed worker, uint256 amount);
    event Minted(uint256 indexed epoch, address indexed worker, uint256 amount);

    /// @notice Thrown when the caller isn't `Sessions`.
    error NotSessions(address caller);
    /// @notice Thrown when a parameter is zero or too large at deployment.
    error BadParameter(uint256 found);
    /// @notice Thrown when an epoch isn't over.
    error NotOver(uint256 epoch, uint256 current);
    /// @notice Thrown when this worker has nothing to be minted for in this epoch.
    error NothingBurnt(uint256 epoch, address worker);

    constructor(Token token_, address sessions_, uint256 length_, uint256 first_, uint256 halving_) {
        if (length_ == 0) revert BadParameter(length_);
        if (first_ == 0 || first_ > type(uint128).max) revert BadParameter(first_);
        if (halving_ == 0 || halving_ > type(uint64).max) revert BadParameter(halving_);
        (token, sessions, length, first, halving) = (token_, sessions_, length_, first_, halving_);
        start = block.timestamp;
    }

    /// @inheritdoc IWork
    function record(address worker) external payable {
        if (msg.sender != sessions) revert NotSessions(msg.sender);
        uint256 epoch = current();
        if (worker == address(0)) {
            emit Burnt(epoch, worker, msg.value);
            return;
        }
        total[epoch] += msg.value;
        burnt[epoch][worker] += msg.value;
        emit Burnt(epoch, worker, msg.value);
    }

    /// @notice Mints what `worker` has earned in an epoch that is over. Anyone may ask for it.
    function mint(uint256 epoch, address worker) external returns (uint256 amount) {
        uint256 now_ = current();
        if (epoch >= now_) revert NotOver(epoch, now_);
        uint256 part = burnt[epoch][worker];
        if (part == 0) revert NothingBurnt(epoch, worker);
        burnt[epoch][worker] = 0;
        amount = Math.mulDiv(emission(epoch), part, total[epoch]);
        emit Minted(epoch, worker, amount);
        token.mint(worker, amount);
    }

    /// @notice The epoch that goes on.
    function current() public view returns (uint256) {
        return (block.timestamp - start) / length;
    }

    /// @notice E of an epoch: halved every `halving` epochs, and 0 in the end.
    function emission(uint256 epoch) public view returns (uint256) {
        uint256 halvings = epoch / halving;
        return halvings < 256 ? first >> halvings : 0;
    }
}
