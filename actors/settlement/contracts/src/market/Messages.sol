// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What is signed off chain, as EIP-712 hashes it
/// @notice The four messages of `gym/receipt`, for which `Sessions` is the verifying contract. `vectors.json` there is computed by
/// the Rust side; the tests hold this library to it. The domain is hashed anew each time, so that a chain that
/// splits never takes the other part's signatures.
library Messages {
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant NAME = keccak256("HyperDust");
    bytes32 internal constant VERSION = keccak256("1");
    bytes32 internal constant ACTION_ROOT =
        keccak256("ActionRoot(bytes32 job,uint64 segment,uint64 steps,bytes32 root)");
    bytes32 internal constant OUTPUT_ROOT =
        keccak256("OutputRoot(bytes32 job,uint64 segment,uint64 steps,bytes32 actions,bytes32 root)");
    bytes32 internal constant VOUCHER =
        keccak256("Voucher(bytes32 session,uint64 units,uint256 amount,bytes32 actions,bytes32 outputs)");
    bytes32 internal constant ATTESTATION =
        keccak256("Attestation(bytes32 job,bytes32 plan,bytes32 claim,bytes32 commitment)");

    /// @notice Actions of a job up to the end of a segment. The user signs it.
    struct ActionRoot {
        bytes32 job;
        uint64 segment;
        uint64 steps;
        bytes32 root;
    }

    /// @notice Answers to them. The provider signs it.
    struct OutputRoot {
        bytes32 job;
        uint64 segment;
        uint64 steps;
        bytes32 actions;
        bytes32 root;
    }

    /// @notice What a session has earned its provider so far, and for which actions and outputs. The user signs it.
    struct Voucher {
        bytes32 session;
        uint64 units;
        uint256 amount;
        bytes32 actions;
        bytes32 outputs;
    }

    /// @notice A claim that a companion came to as well. The companion signs it.
    struct Attestation {
        bytes32 job;
        bytes32 plan;
        bytes32 claim;
        bytes32 commitment;
    }

    /// @notice The domain of signatures for `sessions` on this chain.
    function separator(address sessions) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, sessions));
    }

    /// @notice What is signed for a structure of this hash.
    function digest(address sessions, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator(sessions), structHash));
    }

    function hash(ActionRoot memory m) internal pure returns (bytes32) {
        return keccak256(abi.encode(ACTION_ROOT, m.job, m.segment, m.steps, m.root));
    }

    function hash(OutputRoot memory m) internal pure returns (bytes32) {
        return keccak256(abi.encode(OUTPUT_ROOT, m.job, m.segment, m.steps, m.actions, m.root));
    }

    function hash(Voucher memory m) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER, m.session, m.units, m.amount, m.actions, m.outputs));
    }

    function hash(Attestation memory m) internal pure returns (bytes32) {
        return keccak256(abi.encode(ATTESTATION, m.job, m.plan, m.claim, m.commitment));
    }
}
