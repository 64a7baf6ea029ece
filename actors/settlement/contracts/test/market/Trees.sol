// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @notice Builds what `Lists` opens, from the description of `engine/merkle` and level by level, for tests.
library Trees {
    function levels(bytes32[] memory leaves) private pure returns (bytes32[][] memory all) {
        uint256 depth = 0;
        while ((1 << depth) < leaves.length) ++depth;
        all = new bytes32[][](depth + 1);
        all[0] = new bytes32[](1 << depth);
        for (uint256 i = 0; i < leaves.length; ++i) {
            all[0][i] = leaves[i];
        }
        for (uint256 d = 1; d <= depth; ++d) {
            all[d] = new bytes32[](all[d - 1].length / 2);
            for (uint256 i = 0; i < all[d].length; ++i) {
                all[d][i] = keccak256(abi.encodePacked(all[d - 1][2 * i], all[d - 1][2 * i + 1]));
            }
        }
    }

    /// @notice Root of their tree, without a head.
    function tree(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[][] memory all = levels(leaves);
        return all[all.length - 1][0];
    }

    /// @notice Root of the string of these leaves.
    function root(bytes32 kind, bytes32[] memory leaves) internal pure returns (bytes32) {
        return keccak256(abi.encode(kind, leaves.length * 32, tree(leaves)));
    }

    /// @notice The node that leaf `index` and these siblings lead to.
    function climb(uint256 index, bytes32 leaf, bytes32[] memory path) internal pure returns (bytes32 above) {
        above = leaf;
        for (uint256 d = 0; d < path.length; ++d) {
            (bytes32 left, bytes32 right) = (index >> d) & 1 == 0 ? (above, path[d]) : (path[d], above);
            above = keccak256(abi.encodePacked(left, right));
        }
    }

    /// @notice What opens leaf `index`.
    function siblings(bytes32[] memory leaves, uint256 index) internal pure returns (bytes32[] memory path) {
        bytes32[][] memory all = levels(leaves);
        path = new bytes32[](all.length - 1);
        for (uint256 d = 0; d < path.length; ++d) {
            path[d] = all[d][(index >> d) ^ 1];
        }
    }
}
