// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IAssets} from "../interfaces/IAssets.sol";
import {IPurse} from "../interfaces/IPurse.sol";
import {Purse} from "./Purse.sol";

/// @title Shares in what an agent earns
/// @notice A fixed number of shares. What the agent is owed by `Sessions` and `Passes` is fetched by `collect`, which anyone may call, and belongs to who
/// holds the shares at that moment, in proportion. `settle` moves a holder's part to its purse, a transfer does so for both sides.
///
/// Invariants: holders' parts add up to no more than what was collected; rounding leaves less than one unit a holder and collection here.
/// A currency that fails, or lies, stops nothing but itself: transfers of shares ask no currency anything.
contract Shares is ERC20Permit, Purse {
    /// @dev Parts are counted in 2⁻¹²⁸ of a unit.
    uint256 private constant SCALE = 1 << 128;

    /// @notice Where its agent is.
    IAssets public immutable assets;
    /// @notice Which agent's shares they are.
    uint256 public immutable asset;

    /// @notice Currencies that were ever collected; as many as an asset may have, at most.
    address[] public currencies;
    mapping(address token => bool) private listed;
    /// @notice What one share has earned since the beginning, in 2⁻¹²⁸ units.
    mapping(address token => uint256) public perShare;
    mapping(address token => mapping(address holder => uint256)) private mark;

    event Collected(address indexed from, address indexed token, uint256 amount);

    /// @notice Thrown when coin is sent to it other than by a purse in the course of `collect`.
    error NotCollecting();
    /// @notice Thrown when its agent was never sold for this currency.
    error NotPriced(address token);

    constructor(
        IAssets assets_,
        uint256 asset_,
        address author,
        uint256 supply,
        string memory name,
        string memory symbol
    ) ERC20(name, symbol) ERC20Permit(name) {
        (assets, asset) = (assets_, asset_);
        _mint(author, supply);
    }

    receive() external payable {
        if (!_reentrancyGuardEntered()) revert NotCollecting();
    }

    /// @notice Fetches what `from` owes the agent. Whatever really comes is shared, so it doesn't matter who `from` is.
    function collect(IPurse from, address token) external nonReentrant returns (uint256 amount) {
        if (!assets.priced(asset, token)) revert NotPriced(token);
        uint256 before = balance(token);
        from.withdraw(token, address(this));
        amount = balance(token) - before;
        if (!listed[token]) {
            listed[token] = true;
            currencies.push(token);
        }
        perShare[token] += Math.mulDiv(amount, SCALE, totalSupply());
        emit Collected(address(from), token, amount);
    }

    /// @notice Credits a holder with its part of what was collected; it can be withdrawn then. Anyone may ask for it.
    function settle(address holder) external {
        credit(holder);
    }

    /// @notice What a holder could withdraw after `settle`.
    function earned(address token, address holder) external view returns (uint256) {
        return owed[token][holder] + part(token, holder);
    }

    /// @dev Parts are fixed before shares move.
    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0)) credit(from);
        if (to != address(0)) credit(to);
        super._update(from, to, value);
    }

    function credit(address holder) private {
        for (uint256 i = 0; i < currencies.length; ++i) {
            address token = currencies[i];
            uint256 amount = part(token, holder);
            mark[token][holder] = perShare[token];
            credit(token, holder, amount);
        }
    }

    function part(address token, address holder) private view returns (uint256) {
        return Math.mulDiv(balanceOf(holder), perShare[token] - mark[token][holder], SCALE);
    }

    function balance(address token) private view returns (uint256) {
        return token == NATIVE ? address(this).balance : IERC20(token).balanceOf(address(this));
    }
}
