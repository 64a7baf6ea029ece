// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title The token of work
/// @notice Minted by `Work` alone, for coin that was burnt with provable work. No owner, no other way to more of it.
contract Token is ERC20Permit {
    /// @notice The only minter.
    address public immutable work;

    /// @notice Thrown when the caller isn't `Work`.
    error NotWork(address caller);

    constructor(address work_) ERC20("HyperDust", "DUST") ERC20Permit("HyperDust") {
        work = work_;
    }

    /// @notice Mints. Only `Work`.
    function mint(address to, uint256 amount) external {
        if (msg.sender != work) revert NotWork(msg.sender);
        _mint(to, amount);
    }
}
