// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The one Merkle tree
/// @notice As the crate `hyperdust-merkle` has it: 32-byte leaves filled up to a power of two with zero leaves, a node is
/// `keccak256(left ‖ right)`, and the root by which a string is known is `keccak256(kind ‖ length ‖ tree)`.
/// @dev Hashes in the scratch space below 0x40, and so allocates nothing.
library Merkle {
    /// @notice The inner node above two others.
    function node(bytes32 left, bytes32 right) internal pure returns (bytes32 above) {
        assembly ("memory-safe") {
            mstore(0, left)
            mstore(0x20, right)
            above := keccak256(0, 0x40)
        }
    }

    /// @notice The node that leaf `index` and its siblings, from its own upwards, lead to.
    function climb(uint256 index, bytes32 leaf, bytes32[] calldata siblings) internal pure returns (bytes32) {
        uint256 start;
        assembly ("memory-safe") {
            start := siblings.offset
        }
        return climbAt(index, leaf, start, siblings.length);
    }

    /// @notice As `climb`, with `count` siblings that lie at `place` in the calldata. Who calls says that they do.
    function climbAt(uint256 index, bytes32 leaf, uint256 place, uint256 count) internal pure returns (bytes32 above) {
        assembly ("memory-safe") {
            above := leaf
            for { let end := add(place, shl(5, count)) } lt(place, end) { place := add(place, 0x20) } {
                let side := shl(5, and(index, 1))
                mstore(side, above)
                mstore(xor(side, 0x20), calldataload(place))
                above := keccak256(0, 0x40)
                index := shr(1, index)
            }
        }
    }

    /// @notice The root of the tree of height `to` whose leftmost subtree of height `from` has root `tree`, and whose other leaves
    /// are zero. `tree` itself where `to <= from`.
    function lift(bytes32 tree, uint256 from, uint256 to) internal pure returns (bytes32) {
        bytes32 zero = 0;
        for (uint256 height = 0; height < to; ++height) {
            if (height >= from) tree = node(tree, zero);
            zero = node(zero, zero);
        }
        return tree;
    }

    /// @notice The root of a tree of `2 ** height` zero leaves.
    function zeros(uint256 height) internal pure returns (bytes32 zero) {
        for (uint256 i = 0; i < height; ++i) {
            zero = node(zero, zero);
        }
    }

    /// @notice Levels above the leaves of a string of `length` bytes.
    function depth(uint256 length) internal pure returns (uint256 levels) {
        uint256 leaves = length / 32 + (length % 32 == 0 ? 0 : 1);
        while (levels < 255 && (uint256(1) << levels) < leaves) ++levels;
    }

    /// @notice The root by which a string is known.
    function headed(bytes32 kind, uint256 length, bytes32 tree) internal pure returns (bytes32) {
        return keccak256(abi.encode(kind, length, tree));
    }
}
