// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {IPurse} from "../interfaces/IPurse.sol";

/// @title Money in and out
/// @notice Nobody is ever sent money in the course of somebody else's business: it is credited, and fetched by whom it
/// belongs to. So a payee that reverts or burns gas stops itself alone. Currencies are kept apart: one that lies about
/// its balances harms those who chose it.
abstract contract Purse is IPurse, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @notice Native coin among currencies.
    address public constant NATIVE = address(0);

    /// @inheritdoc IPurse
    mapping(address token => mapping(address account => uint256)) public owed;

    /// @notice `account` can fetch so much more.
    event Credited(address indexed token, address indexed account, uint256 amount);
    /// @notice `account` had so much sent to `to`.
    event Withdrawn(address indexed token, address indexed account, address to, uint256 amount);

    /// @notice Thrown when coin was sent for a business in another currency, or other coin than was said.
    error WrongCoin(uint256 sent, uint256 accepted);
    /// @notice Thrown when the caller is owed nothing in this currency.
    error NothingOwed();
    /// @notice Thrown when the receiver refuses the coin. It stays owed.
    error Refused(address to);
    /// @notice Thrown when an amount is zero, or does not fit into 96 bits.
    error BadAmount(uint256 amount);

    /// @inheritdoc IPurse
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        amount = owed[token][msg.sender];
        if (amount == 0) revert NothingOwed();
        owed[token][msg.sender] = 0;
        emit Withdrawn(token, msg.sender, to, amount);
        if (token == NATIVE) {
            (bool taken,) = to.call{value: amount}("");
            if (!taken) revert Refused(to);
        } else {
            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @dev Owes `account` more.
    function credit(address token, address account, uint256 amount) internal {
        if (amount == 0) return;
        owed[token][account] += amount;
        emit Credited(token, account, amount);
    }

    /// @dev Takes `amount` from the caller. Returns what came: less, for a token that keeps a part of each transfer. Only
    /// from functions that are `nonReentrant`, so that what comes is counted once.
    function take(address token, uint256 amount) internal returns (uint96 came) {
        uint256 got = amount;
        if (token == NATIVE) {
            if (msg.value != amount) revert WrongCoin(msg.value, amount);
        } else {
            if (msg.value != 0) revert WrongCoin(msg.value, 0);
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            got = IERC20(token).balanceOf(address(this)) - before;
        }
        if (got == 0 || got > type(uint96).max) revert BadAmount(got);
        came = uint96(got);
    }
}
