// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Inputs} from "../../src/proof/Inputs.sol";
import {Checked} from "../market/Cheats.sol";
import {Trees} from "../market/Trees.sol";

interface Etch {
    function etch(address account, bytes calldata code) external;
}

/// @notice One claim of a single lane, as it is told, at the address for which Rust signed.
contract Said is IClaims {
    Claim private said;

    function say(Claim calldata c) external {
        said = c;
    }

    function claimOf(bytes32) external view returns (Claim memory) {
        return said;
    }

    /// @dev The job is the session: Rust's vectors name theirs.
    function laneOf(bytes32 session, Lane calldata, bytes32[] calldata) external pure returns (bytes32) {
        return session;
    }

    function lock(bytes32) external {}

    function settle(bytes32, Verdict, address) external returns (uint256) {}
}

/// @notice What Rust signed and hashed (`gym/receipt/vectors.json`) is an answer here, and a bit less of it is none.
contract InputVectorsTest is Checked {
    bytes32 private constant CHAIN = "hyperdust action chain";
    bytes32 private constant ACTIONS = "hyperdust actions";
    uint256 private constant BOND = 1 ether;

    string private json;
    Said private said;
    Inputs private inputs;

    function setUp() public {
        json = vm.readFile(string.concat(vm.projectRoot(), "/../../../gym/receipt/vectors.json"));
        said = Said(vm.parseJsonAddress(json, ".domains[0].verifyingContract"));
        Etch(address(vm)).etch(address(said), type(Said).runtimeCode);
        inputs = new Inputs(said, BOND, 1 hours);
        vm.deal(address(this), 10 ether);
        vm.chainId(vm.parseJsonUint(json, ".domains[0].chainId"));
    }

    /// @dev A claim of a lane with so many nodes, paid for up to this running root.
    function say(bytes32 actions, address signer) private {
        IClaims.Claim memory c;
        (c.provable, c.scene, c.lanes, c.signer) = (true, true, 1, signer);
        bytes32[] memory one = new bytes32[](1);
        one[0] = actions;
        c.actions = Trees.root(Lists.LANES, one);
        said.say(c);
    }

    /// @notice Rust's running roots are those that a question follows, and its list of lanes is the voucher's.
    function test_running_roots_are_the_same() public view {
        bytes32[] memory items = vm.parseJsonBytes32Array(json, ".roots.items");
        bytes32[] memory accepted = vm.parseJsonBytes32Array(json, ".roots.actions.roots");
        same(vm.parseJsonBytes32(json, ".roots.actions.kind"), CHAIN, "kind");
        bytes32 root = 0;
        for (uint256 i = 0; i < items.length; ++i) {
            same(root, accepted[i], "running root");
            root = keccak256(abi.encode(CHAIN, root, items[i]));
        }
        same(root, accepted[items.length], "the last");
        bytes32[] memory lists = vm.parseJsonBytes32Array(json, ".roots.lanes.roots");
        same(vm.parseJsonBytes32(json, ".roots.lanes.kind"), Lists.LANES, "kind of the list");
        same(Trees.root(Lists.LANES, items), lists[items.length], "the list");
    }

    /// @notice A root that Rust signed answers for the end of a lane.
    function test_what_rust_signed_is_an_answer() public {
        Inputs.Answer memory a;
        a.last.job = vm.parseJsonBytes32(json, ".ActionRoot.signed[0].job");
        a.last.segment = uint64(vm.parseJsonUint(json, ".ActionRoot.signed[0].segment"));
        a.last.steps = uint64(vm.parseJsonUint(json, ".ActionRoot.signed[0].steps"));
        a.last.root = vm.parseJsonBytes32(json, ".ActionRoot.signed[0].root");
        a.lastSignature = vm.parseJsonBytes(json, ".ActionRoot.signed[0].signature");
        a.lane.nodes = uint32(a.last.segment) + 1;
        say(a.last.root, vm.parseJsonAddress(json, ".ActionRoot.signed[0].signer"));
        bytes32 session = a.last.job;
        inputs.ask{value: BOND}(session, 0, a.lane.nodes, 0);
        Inputs.Question memory q =
            Inputs.Question(session, address(0), address(this), uint64(block.timestamp + 1 hours), 0, a.lane.nodes, 0);
        a.lane.nodes -= 1;
        vm.expectRevert(Inputs.CutShort.selector);
        inputs.answer(q, a);
        a.lane.nodes += 1;
        // The same root as Rust signed it for another chain.
        bytes memory good = a.lastSignature;
        a.lastSignature = vm.parseJsonBytes(json, ".ActionRoot.signed[1].signature");
        vm.expectRevert(Inputs.NotSigned.selector);
        inputs.answer(q, a);
        a.lastSignature = good;
        inputs.answer(q, a);
    }
}
