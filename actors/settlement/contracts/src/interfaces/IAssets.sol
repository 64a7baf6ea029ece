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
    function terms(uint256 asset, address token, address user) external view returns (uint256 price, bool provable);

    /// @notice Who earns the author's part now: an agent's share token, or a scene's owner.
    function payee(uint256 asset) external view returns (address);

    /// @notice Whether the author has set a price in this currency.
    function sells(uint256 asset, address token) external view returns (bool);
}
