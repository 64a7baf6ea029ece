// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";

/// @notice Claims without money, which remember what they were told: what a game about them does is seen at once.
contract Ledger is IClaims {
    address public provider;
    uint256 public locks;
    uint256 public settled;
    Verdict public verdict;
    address public challenger;

    constructor(address provider_) {
        provider = provider_;
    }

    /// @dev Every session has a claim; number 0 an attested one.
    function claimOf(bytes32 session) external view returns (Claim memory c) {
        (c.provider, c.provable, c.live) = (provider, session != 0, true);
    }

    function laneOf(bytes32 session, Lane calldata, bytes32[] calldata) external pure returns (bytes32) {
        return session;
    }

    function lock(bytes32) external {
        ++locks;
    }

    function settle(bytes32, Verdict verdict_, address challenger_) external returns (uint256) {
        (verdict, challenger) = (verdict_, challenger_);
        ++settled;
        return 0;
    }
}
