// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IClaims} from "../../src/interfaces/IClaims.sol";
import {Lists} from "../../src/market/Lists.sol";
import {Messages} from "../../src/market/Messages.sol";
import {Checked} from "./Cheats.sol";

/// @notice What is signed and committed to is byte for byte what the Rust side computes: `gym/receipt/vectors.json`.
contract VectorsTest is Checked {
    string private json;

    function setUp() public {
        json = vm.readFile(string.concat(vm.projectRoot(), "/../../../gym/receipt/vectors.json"));
    }

    function root(bytes32 kind, uint256 length, uint256 index, bytes32 leaf, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32)
    {
        return Lists.root(kind, length, index, leaf, siblings);
    }

    function word(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, key);
    }

    function number(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function item(string memory name, uint256 i, string memory field) private pure returns (string memory) {
        return string.concat(".", name, ".signed[", vm.toString(i), "].", field);
    }

    /// @dev Digest and signature of entry `i`, whose structure hashes to `found`.
    function check(string memory name, uint256 i, bytes32 found) private {
        same(found, word(item(name, i, "structHash")), name);
        string memory domain = string.concat(".domains[", vm.toString(number(item(name, i, "domain"))), "].");
        address contract_ = vm.parseJsonAddress(json, string.concat(domain, "verifyingContract"));
        uint256 chain = number(string.concat(domain, "chainId"));
        bytes32 separator = word(string.concat(domain, "separator"));
        // The largest chain id is more than the test's machine takes: its digest is made from the file's separator.
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", separator, found));
        if (chain < type(uint64).max) {
            vm.chainId(chain);
            same(Messages.separator(contract_), separator, "separator");
            same(Messages.digest(contract_, found), digest, "digest");
        } else {
            bytes32 other = keccak256(
                abi.encode(Messages.DOMAIN, Messages.NAME, Messages.VERSION, chain, contract_)
            );
            same(other, separator, "separator");
        }
        same(digest, word(item(name, i, "digest")), "digest");
        address signer = ECDSA.recover(digest, vm.parseJsonBytes(json, item(name, i, "signature")));
        same(signer, vm.parseJsonAddress(json, item(name, i, "signer")), "signer");
    }

    function test_types_are_the_same() public view {
        same(Messages.DOMAIN, word(".domainTypeHash"), "domain");
        same(Messages.ACTION_ROOT, word(".ActionRoot.typeHash"), "ActionRoot");
        same(Messages.OUTPUT_ROOT, word(".OutputRoot.typeHash"), "OutputRoot");
        same(Messages.VOUCHER, word(".Voucher.typeHash"), "Voucher");
        same(Messages.ATTESTATION, word(".Attestation.typeHash"), "Attestation");
    }

    function test_action_roots_hash_the_same() public {
        string memory n = "ActionRoot";
        for (uint256 i = 0; i < 6; ++i) {
            Messages.ActionRoot memory m;
            m.job = word(item(n, i, "job"));
            m.segment = uint64(number(item(n, i, "segment")));
            m.steps = uint64(number(item(n, i, "steps")));
            m.root = word(item(n, i, "root"));
            check(n, i, Messages.hash(m));
        }
    }

    function test_output_roots_hash_the_same() public {
        string memory n = "OutputRoot";
        for (uint256 i = 0; i < 6; ++i) {
            Messages.OutputRoot memory m;
            m.job = word(item(n, i, "job"));
            m.segment = uint64(number(item(n, i, "segment")));
            m.steps = uint64(number(item(n, i, "steps")));
            m.actions = word(item(n, i, "actions"));
            m.root = word(item(n, i, "root"));
            check(n, i, Messages.hash(m));
        }
    }

    function test_vouchers_hash_the_same() public {
        string memory n = "Voucher";
        for (uint256 i = 0; i < 6; ++i) {
            Messages.Voucher memory m;
            m.session = word(item(n, i, "session"));
            m.units = uint64(number(item(n, i, "units")));
            m.amount = number(item(n, i, "amount"));
            m.actions = word(item(n, i, "actions"));
            m.outputs = word(item(n, i, "outputs"));
            check(n, i, Messages.hash(m));
        }
    }

    function test_attestations_hash_the_same() public {
        string memory n = "Attestation";
        for (uint256 i = 0; i < 6; ++i) {
            Messages.Attestation memory m;
            m.job = word(item(n, i, "job"));
            m.plan = word(item(n, i, "plan"));
            m.claim = word(item(n, i, "claim"));
            m.commitment = word(item(n, i, "commitment"));
            check(n, i, Messages.hash(m));
        }
    }

    /// @notice A signature has one form: every other way to write it is refused.
    function test_other_forms_of_a_signature_are_refused() public view {
        bytes32 digest = word(".signatures.digest");
        address signer = vm.parseJsonAddress(json, ".signatures.signer");
        (address found,,) = ECDSA.tryRecover(digest, vm.parseJsonBytes(json, ".signatures.accepted"));
        same(found, signer, "accepted");
        for (uint256 i = 0; i < 7; ++i) {
            string memory place = string.concat(".signatures.refused[", vm.toString(i), "].");
            (found,,) = ECDSA.tryRecover(digest, vm.parseJsonBytes(json, string.concat(place, "signature")));
            yes(found != signer, vm.parseJsonString(json, string.concat(place, "why")));
        }
    }

    /// @notice Lanes of a claim: job, item, seed and what opens it, as `LaneClaim` and `list` have them.
    function test_lanes_of_a_claim_open_the_same() public view {
        bytes32 session = word(".claims.session");
        bytes32 accepted = word(".claims.root");
        for (uint32 i = 0; i < 5; ++i) {
            string memory lane = string.concat(".claims.lanes[", vm.toString(i), "].");
            bytes32 job = keccak256(abi.encodePacked(session, uint64(i)));
            same(job, word(string.concat(lane, "job")), "job");
            bytes32 leaf = keccak256(
                abi.encode(
                    bytes32("hyperdust lane claim"),
                    job,
                    word(string.concat(lane, "plan")),
                    word(string.concat(lane, "claim")),
                    number(string.concat(lane, "nodes"))
                )
            );
            same(leaf, word(string.concat(lane, "item")), "item");
            bytes32[] memory siblings = vm.parseJsonBytes32Array(json, string.concat(lane, "siblings"));
            same(this.root(Lists.CLAIMS, 160, i, leaf, siblings), accepted, "root");
            yes(this.root(Lists.LANES, 160, i, leaf, siblings) != accepted, "another kind");
            yes(this.root(Lists.CLAIMS, 192, i, leaf, siblings) != accepted, "another length");
            yes(this.root(Lists.CLAIMS, 160, i ^ 1, leaf, siblings) != accepted, "another place");
            same(this.root(Lists.CLAIMS, 160, 5 + i, leaf, siblings), 0, "past the end");
            same(this.root(Lists.CLAIMS, 128, i, leaf, siblings), 0, "too deep");
            same(this.root(Lists.CLAIMS, 288, i, leaf, siblings), 0, "too shallow");
            bytes8 seed = bytes8(keccak256(abi.encodePacked(word(".claims.seed"), uint64(i))));
            same(reversed(uint64(seed)), number(string.concat(lane, "seed")), "seed");
        }
    }

    function reversed(uint64 x) private pure returns (uint64 y) {
        for (uint256 i = 0; i < 8; ++i) {
            y = (y << 8) | (x & 0xff);
            x >>= 8;
        }
    }
}
