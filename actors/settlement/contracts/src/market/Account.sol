// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAssets} from "../interfaces/IAssets.sol";

/// @title An agent's own account
/// @notice Holds coin and tokens, and calls whatever its asset's owner, or an operator whom the owner named, tells it to: open a session with another
/// agent, for instance, whose vouchers the operator's key then signs. It goes with the asset: a new owner is the
/// only one who is obeyed, and operators of the one before are not.
contract Account {
    /// @notice Where its asset's owner is known.
    IAssets public immutable assets;
    /// @notice Which agent's it is.
    uint256 public immutable asset;
    /// @notice Who may act beside the owner, by which owner named it.
    mapping(address owner => mapping(address operator => bool)) public operatorOf;

    event Operator(address indexed owner, address indexed operator, bool may);
    event Called(address indexed by, address indexed to, uint256 value, bytes4 selector);

    /// @notice Thrown when the caller is neither owner nor operator.
    error NotAllowed(address caller);
    /// @notice Thrown when the call failed and gave no reason.
    error Failed(address to);

    constructor(IAssets assets_, uint256 asset_) {
        (assets, asset) = (assets_, asset_);
    }

    receive() external payable {}

    /// @notice Lets an operator act, or no longer. Only the owner.
    function setOperator(address operator, bool may) external {
        if (msg.sender != assets.ownerOf(asset)) revert NotAllowed(msg.sender);
        operatorOf[msg.sender][operator] = may;
        emit Operator(msg.sender, operator, may);
    }

    /// @notice Calls `to` with coin of the account.
    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory result) {
        address owner = assets.ownerOf(asset);
        if (msg.sender != owner && !operatorOf[owner][msg.sender]) revert NotAllowed(msg.sender);
        emit Called(msg.sender, to, value, data.length < 4 ? bytes4(0) : bytes4(data[:4]));
        bool done;
        (done, result) = to.call{value: value}(data);
        if (!done) {
            if (result.length == 0) revert Failed(to);
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
    }
}
