// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What sessions ask about an asset
interface IAssets {
    /// @notice Program and content, fixed when the asset was published.
    /// @return program Image root; zero where the asset is attested.
    /// @return content Blueprint or model id.
    /// @return provable Its tier.
    function contentOf(uint256 asset) external view returns (bytes32 program, bytes32 content, bool provable);

    /// @notice What its author asks for a unit. Reverts where the asset isn't sold for this currency, or not to this user.
    /// @param token Zero for native coin.
    /// @return price Of a unit.
    /// @return mintable Whether its work may mint: a provable scene's, whose jobs begin from a seed that a chain can look at.
    function terms(uint256 asset, address token, address user) external view returns (uint256 price, bool mintable);

    /// @notice Whether it is a scene: its jobs are chains of segments, and node `k` is segment `k`.
    function isScene(uint256 asset) external view returns (bool);

    /// @notice Who earns the author's part now: an agent's share token, or a scene's owner.
    function payee(uint256 asset) external view returns (address);

    /// @notice Whether the asset is sold for this currency now.
    function sells(uint256 asset, address token) external view returns (bool);

    /// @notice Whether it has ever been: whether its author may be owed any.
    function priced(uint256 asset, address token) external view returns (bool);

    /// @notice Who owns it.
    function ownerOf(uint256 asset) external view returns (address);

    /// @notice What a pass to it costs in native coin. Reverts where there is no such asset.
    function passPriceOf(uint256 asset) external view returns (uint256);
}
