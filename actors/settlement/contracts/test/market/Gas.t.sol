// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {Sessions} from "../../src/market/Sessions.sol";
import {World} from "./World.sol";

contract Coin is ERC20("Coin", "COIN") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice What each action costs as a transaction of its own: base fee of a transaction and calldata included, storage cold. Nothing here is a
/// party's first dealing with the market: a provider, a user and an author have been paid before.
/// forge-config: default.isolate = true
contract MarketGasTest is World {
    Coin private coin;
    bytes32[] private ids;

    function setUp() public override {
        super.setUp();
        coin = new Coin();
        coin.mint(user, 1_000 ether);
        coin.mint(provider, 1_000 ether);
        vm.prank(author);
        assets.setPrice(scene, address(coin), AUTHOR_PRICE, true);
        vm.startPrank(provider);
        coin.approve(address(providers), type(uint256).max);
        providers.bond(address(coin), 500 ether);
        providers.offer(scene, address(coin), PROVIDER_PRICE, true);
        vm.stopPrank();
        vm.prank(user);
        coin.approve(address(sessions), type(uint256).max);
        join(companion);
        bytes32 session = seeded(1 ether);
        claim(session, 0.5 ether);
        pass();
        sessions.finalise(session);
        session = inCoin();
        claim(session, 0.5 ether);
    }

    function inCoin() private returns (bytes32) {
        Sessions.Opening memory o = opening(1 ether, false);
        o.token = address(coin);
        vm.prank(user);
        return sessions.open(o);
    }

    function spent(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("market", name);
    }

    function test_gas_open() public {
        open(0.1 ether, false);
        yes(spent("open") <= 200_000, "open");
        open(0.1 ether, true);
        yes(spent("open, minting") <= 200_000, "open, minting");
        inCoin();
        yes(spent("open, ERC-20") <= 200_000, "open, ERC-20");
    }

    function test_gas_claim() public {
        bytes32 session = seeded(0.1 ether);
        spent("draw a seed");
        claim(session, 0.05 ether);
        yes(spent("claim") <= 150_000, "claim");
        pass();
        sessions.finalise(session);
        spent("finalise, minting");
        session = open(0.1 ether, false);
        claim(session, 0.05 ether);
        pass();
        sessions.finalise(session);
        spent("finalise");
    }

    function test_gas_batches() public {
        for (uint256 n = 10; n <= 30; n += 20) {
            Sessions.Claiming[] memory all = new Sessions.Claiming[](n);
            delete ids;
            for (uint256 i = 0; i < n; ++i) {
                ids.push(seeded(0.01 ether));
                all[i] = voucher(ids[i], 0.005 ether);
            }
            vm.prank(provider);
            sessions.claimAll(all);
            uint256 claims = vm.snapshotGasLastCall("market", string.concat("claim, batch of ", vm.toString(n)));
            pass();
            sessions.finaliseAll(ids);
            spent(string.concat("finalise, minting, batch of ", vm.toString(n)));
            vm.snapshotValue("market", string.concat("claim, each of ", vm.toString(n)), claims / n);
        }
    }

    function test_gas_of_the_other_ways() public {
        bytes32 session = open(0.1 ether, false);
        vm.prank(provider);
        sessions.decline(session);
        spent("decline");
        session = open(0.1 ether, false);
        vm.prank(user);
        sessions.close(session);
        spent("close");
        vm.warp(block.timestamp + CLOSING + 1);
        sessions.reclaim(session);
        spent("reclaim");
        vm.prank(provider);
        sessions.withdraw(NATIVE, provider);
        spent("withdraw");
    }

    function test_gas_of_companions() public {
        bytes32 session = open(0.1 ether, false);
        bytes32 root = voucher(session, 0.05 ether).commitment;
        vm.prank(companion);
        companions.commit(session, commitment(root, companion, "salt"));
        spent("companion commits");
        claim(session, 0.05 ether);
        vm.prank(companion);
        companions.open(session, "salt");
        spent("companion opens");
        pass();
        sessions.finalise(session);
        vm.roll(block.number + 2);
        sessions.reward(session);
        spent("companion is drawn");
    }

    function test_gas_of_work() public {
        vm.warp(block.timestamp + EPOCH);
        work.mint(0, provider);
        spent("mint");
    }

    function test_gas_of_the_rest() public {
        vm.prank(author);
        assets.publish(publication(true, false));
        spent("publish a scene");
        vm.prank(author);
        assets.publish(publication(false, true));
        spent("publish an agent");
        vm.prank(provider);
        providers.bond{value: 1 ether}(NATIVE, 1 ether);
        spent("bond");
    }
}
