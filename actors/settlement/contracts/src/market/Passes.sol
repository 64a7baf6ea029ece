// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

import {IAssets} from "../interfaces/IAssets.sol";
import {Purse} from "./Purse.sol";

/// @title Passes to assets that ask for one
/// @notice A pass is bought once, for native coin, and opens sessions of its asset as long as it is held. Its id is the asset's. What
/// it cost is the asset's payee's: for an agent, its shares'.
contract Passes is ERC1155, Purse {
    /// @notice Where assets are.
    IAssets public immutable assets;

    event Bought(uint256 indexed asset, address indexed by, address indexed to, uint256 price);

    constructor(IAssets assets_) ERC1155("") {
        assets = assets_;
    }

    /// @notice Buys a pass for `to`. What is sent has to be the price of now: nobody pays another than it saw.
    function buy(uint256 asset, address to) external payable nonReentrant {
        uint256 price = assets.passPriceOf(asset);
        if (msg.value != price) revert WrongCoin(msg.value, price);
        credit(NATIVE, assets.payee(asset), price);
        emit Bought(asset, msg.sender, to, price);
        _mint(to, asset, 1, "");
    }
}
