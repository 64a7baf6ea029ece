// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Token} from "../../src/market/Token.sol";
import {Work} from "../../src/market/Work.sol";
import {Checked} from "./Cheats.sol";

/// @notice `mint = E·burnᵢ/Σburn` for every E, every split of every burning over workers and epochs: never more than E, less than it by
/// under one unit a worker, the same price for all, whoever mints when.
contract WorkTest is Checked {
    uint256 private constant LENGTH = 7 days;

    /// @dev Deployed anew for each case: this contract is its Sessions.
    function made(uint256 first, uint256 halving) private returns (Work work, Token token) {
        uint256 nonce = vm.getNonce(address(this));
        address place = vm.computeCreateAddress(address(this), nonce + 1);
        token = new Token(place);
        work = new Work(token, address(this), LENGTH, first, halving);
        vm.deal(address(this), type(uint128).max);
    }

    function worker(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i));
    }

    /// @notice Sum and proportion, for up to 16 workers with amounts from one wei to 2⁹⁶.
    function testFuzz_an_epoch_is_split_by_what_was_burnt(uint128 first, uint96[16] memory burnt, uint8 count) public {
        uint256 n = within(count, 1, 16);
        first = uint128(within(first, 1, type(uint128).max));
        (Work work, Token token) = made(first, 1);
        uint256 total = 0;
        for (uint256 i = 0; i < n; ++i) {
            burnt[i] = uint96(within(burnt[i], 1, type(uint96).max));
            work.record{value: burnt[i]}(worker(i));
            total += burnt[i];
        }
        vm.warp(block.timestamp + LENGTH);
        uint256 minted = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 amount = work.mint(0, worker(i));
            // floor(E·b/Σ) exactly, by the definition of the floor; 2¹²⁸·2⁹⁶ and 2¹²⁸·2¹⁰⁰ fit.
            yes(amount * total <= uint256(first) * burnt[i], "not more than its part");
            yes((amount + 1) * total > uint256(first) * burnt[i], "less than it by under one unit");
            minted += amount;
        }
        same(token.totalSupply(), minted, "supply");
        yes(minted <= first && first - minted < n, "the emission, but for rounding");
        same(address(work).balance, total, "all coin stays here");
    }

    /// @notice To split what one burns over many names, or many records, brings nothing (but loses to rounding).
    function testFuzz_splitting_oneself_brings_nothing(uint96 mine, uint96 others, uint8 parts) public {
        mine = uint96(within(mine, 256, type(uint96).max));
        others = uint96(within(others, 1, type(uint96).max));
        uint256 n = within(parts, 1, 32);
        (Work one,) = made(1e24, 1);
        one.record{value: mine}(worker(0));
        one.record{value: others}(worker(99));
        (Work many,) = made(1e24, 1);
        uint256 left = mine;
        for (uint256 i = 0; i < n; ++i) {
            uint256 part = i + 1 == n ? left : mine / n;
            many.record{value: part}(worker(i));
            left -= part;
        }
        many.record{value: others}(worker(99));
        vm.warp(block.timestamp + LENGTH);
        uint256 whole = one.mint(0, worker(0));
        uint256 split = 0;
        for (uint256 i = 0; i < n; ++i) {
            split += many.mint(0, worker(i));
        }
        yes(split <= whole && whole - split < n, "the same");
        same(one.mint(0, worker(99)), many.mint(0, worker(99)), "the others' part");
    }

    /// @notice The last second of an epoch belongs to it, the next one to the next; nothing is minted before an epoch is over, or twice.
    function testFuzz_epochs_have_sharp_ends(uint32 epochs, uint32 into) public {
        (Work work,) = made(1e24, 10);
        uint256 epoch = within(epochs, 0, 10_000);
        uint256 begin = work.start() + epoch * LENGTH;
        vm.warp(begin + within(into, 0, LENGTH - 1));
        same(work.current(), epoch, "within");
        vm.warp(begin + LENGTH - 1);
        work.record{value: 1}(worker(0));
        vm.expectRevert(abi.encodeWithSelector(Work.NotOver.selector, epoch, epoch));
        work.mint(epoch, worker(0));
        vm.warp(begin + LENGTH);
        work.record{value: 5}(worker(0));
        same(work.total(epoch), 1, "the epoch before");
        same(work.total(epoch + 1), 5, "the epoch after");
        same(work.mint(epoch, worker(0)), work.emission(epoch), "alone");
        vm.expectRevert(abi.encodeWithSelector(Work.NothingBurnt.selector, epoch, worker(0)));
        work.mint(epoch, worker(0));
    }

    /// @notice Emissions never grow, halve exactly at their time, end at zero, and all together stay below `2·halving·first`.
    function testFuzz_emissions_halve(uint128 first, uint8 halving) public {
        first = uint128(within(first, 1, type(uint128).max));
        halving = uint8(within(halving, 1, 8));
        (Work work,) = made(first, halving);
        uint256 sum = 0;
        for (uint256 epoch = 0; epoch < 130 * uint256(halving); ++epoch) {
            uint256 now_ = work.emission(epoch);
            same(now_, uint256(first) >> (epoch / halving), "halved");
            sum += now_;
        }
        yes(sum < 2 * uint256(halving) * first, "all of them");
        same(work.emission(type(uint256).max), 0, "in the end");
        same(work.emission(256 * uint256(halving)), 0, "after 256 halvings");
    }

    /// @notice Work that was not its session's own counts for nobody, and takes nothing from the others.
    function test_burning_in_nobodys_name_does_not_count() public {
        (Work work,) = made(1e24, 1);
        work.record{value: 1 ether}(worker(0));
        work.record{value: 1_000 ether}(address(0));
        vm.warp(block.timestamp + LENGTH);
        same(work.mint(0, worker(0)), 1e24, "all");
        vm.expectRevert();
        work.mint(0, address(0));
    }

    /// @notice Only `Sessions` records, only `Work` mints.
    function test_nobody_else_records_or_mints() public {
        (Work work, Token token) = made(1e24, 1);
        vm.deal(worker(0), 1);
        vm.prank(worker(0));
        vm.expectRevert(abi.encodeWithSelector(Work.NotSessions.selector, worker(0)));
        work.record{value: 1}(worker(0));
        vm.expectRevert(abi.encodeWithSelector(Token.NotWork.selector, address(this)));
        token.mint(address(this), 1);
        (bool sent,) = address(work).call{value: 1}("");
        yes(!sent, "coin comes in as work alone");
    }
}
