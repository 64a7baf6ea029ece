// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rv32Step} from "../../src/proof/Rv32Step.sol";

/// @notice One step as a transaction of its own, for tests.
contract Step {
    function execute(bytes32 before, bytes calldata proof) external pure returns (bytes32) {
        return Rv32Step.execute(before, proof);
    }
}
