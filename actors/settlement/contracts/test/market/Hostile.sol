// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IPurse} from "../../src/interfaces/IPurse.sol";

/// @notice Keeps one hundredth of each transfer.
contract Toll is ERC20("Toll", "TOLL") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        super._update(from, address(0xFEE), value / 100);
        super._update(from, to, value - value / 100);
    }
}

/// @notice Calls somebody, with anything, in the middle of each transfer, and remembers whether that was let in.
contract Echo is ERC20("Echo", "ECHO") {
    address private target;
    bytes private data;
    bool public entered;
    bool public tried;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function aim(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target != address(0)) {
            tried = true;
            (bool done,) = target.call(data);
            entered = entered || done;
        }
    }
}

/// @notice Takes money in one of several bad ways.
contract Taker {
    enum Manner {
        Takes,
        Reverts,
        Burns,
        Reenters
    }

    Manner public manner;
    IPurse private purse;
    bool public entered;

    function behave(Manner manner_) external {
        manner = manner_;
    }

    function run(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        (bool done, bytes memory result) = to.call{value: value}(data);
        require(done, "call failed");
        return result;
    }

    function fetch(IPurse purse_) external {
        purse = purse_;
        purse_.withdraw(address(0), address(this));
    }

    receive() external payable {
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.Burns) {
            while (true) {}
        }
        if (manner == Manner.Reenters) {
            try purse.withdraw(address(0), address(this)) {
                entered = true;
            } catch {}
        }
    }
}
