// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The one tree, as far as the market opens it
/// @notice As `engine/merkle` has it: 32-byte leaves, filled up with zero leaves to a power of two, `keccak256(left ‖ right)`
/// above them, and a root `keccak256(kind ‖ bytes ‖ tree)` that fixes kind and length, and so the depth. A list
/// (`gym/receipt/src/list.rs`) is the string of its items, one a leaf; a graph (`actors/proof/src/graph`) that of its nodes, eight leaves each.
library Lists {
    /// @dev Items are a session's lanes as claimed.
    bytes32 internal constant CLAIMS = "hyperdust claims";
    /// @dev Items are a session's lanes' running roots.
    bytes32 internal constant LANES = "hyperdust lanes";
    /// @dev Items are canaries.
    bytes32 internal constant CANARIES = "hyperdust canaries";
    /// @dev A string of nodes.
    bytes32 internal constant GRAPH = "hyperdust graph";

    /// @notice Root of the string of `length` bytes that has `leaf` as leaf `index`, or zero where it has no such leaf or `siblings` are
    /// more or fewer than its depth. Fillers are no leaves of it.
    /// @param siblings From the leaf's own upwards.
    function root(bytes32 kind, uint256 length, uint256 index, bytes32 leaf, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32)
    {
        uint256 depth = siblings.length;
        if (depth > 58 || length > 32 << depth || (depth > 0 && length <= 32 << (depth - 1)) || index * 32 >= length) {
            return 0;
        }
        bytes32 node = leaf;
        for (uint256 i = 0; i < depth; ++i) {
            node = (index >> i) & 1 == 0 ? pair(node, siblings[i]) : pair(siblings[i], node);
        }
        return keccak256(abi.encode(kind, length, node));
    }

    function pair(bytes32 left, bytes32 right) private pure returns (bytes32 above) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(0x20, right)
            above := keccak256(0, 0x40)
        }
    }
}
